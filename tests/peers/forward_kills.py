#!/usr/bin/python3
"""Kills one of a chain, again and again: nobody may end well with a short file.

    forward_kills.py NC_LITE RUNS SEED

A sender, one or two forwarders (which a run in four has as a proxy), a receiver;
one of them is killed by SIGKILL at a random moment. The others must end within
20 s, unless nobody has come to them, and who exits 0 must have been right: the
receiver has the whole file.
"""

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

SIZE = 2_000_000
SECONDS = 0.12      # one whole transfer and a little more


def said(job):
    return os.pread(job.err.fileno(), 9999, 0).decode()


def listen(nc, *arguments, stdout=subprocess.DEVNULL):
    """A listener that listens, and its port."""
    err = tempfile.TemporaryFile()
    job = subprocess.Popen([nc, "-lv", *arguments, "127.0.0.1", "0"],
                           stdin=subprocess.DEVNULL, stdout=stdout, stderr=err)
    job.err = err
    while job.poll() is None:
        found = re.search(r"^Listening on .* (\d+)\n", said(job), re.M)
        if found:
            return job, found.group(1)
        time.sleep(0.002)
    raise SystemExit("does not listen: " + said(job))


def is_alone(job):
    return hasattr(job, "err") and "Connection received" not in said(job)


def wait(jobs):
    """The exit codes of those who end, and the names of those who hang."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        left = [job for job in jobs.values() if job.poll() is None]
        if all(map(is_alone, left)):
            break
        time.sleep(0.005)
    codes, hung = {}, []
    for name, job in jobs.items():
        if job.poll() is None:
            if not is_alone(job):
                hung.append(name)
            job.kill()
            job.wait()
        else:
            codes[name] = job.returncode
    return codes, hung


def run(nc, data, chance):
    """One chain and one kill; what went wrong, or None; and who was left."""
    hops = chance.choice((1, 2))
    through = chance.random() < 0.25
    with tempfile.TemporaryFile() as got:
        job, port = listen(nc, stdout=got)
        jobs = {"receiver": job}
        for hop in range(hops):
            where = ["--proxy-server"] if through and hop == hops - 1 else \
                ["--forward", f"127.0.0.1:{port}"]
            target, (jobs[f"hop {hop}"], port) = port, listen(nc, *where)
        to = ["-x", f"127.0.0.1:{port}", "127.0.0.1", target] if through \
            else ["127.0.0.1", port]
        with open(data, "rb") as source:
            jobs["sender"] = subprocess.Popen(
                [nc, "--limit-rate", "25M", *to], stdin=source,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        victim = chance.choice(sorted(jobs))
        time.sleep(chance.random() * SECONDS)
        jobs[victim].send_signal(signal.SIGKILL)
        codes, hung = wait(jobs)
        whole = os.fstat(got.fileno()).st_size == SIZE
    good = [name for name, code in codes.items() if code == 0]
    if hung:
        return f"{victim} killed, {hops} hops: {hung} hung", whole
    if good and not whole:
        return f"{victim} killed, {hops} hops: {good} exit 0, cut", whole
    return None, whole


def main(nc, runs, seed):
    chance = random.Random(int(seed))
    bad = cut = 0
    with tempfile.NamedTemporaryFile() as data:
        data.write(os.urandom(SIZE))
        data.flush()
        for number in range(int(runs)):
            wrong, whole = run(nc, data.name, chance)
            cut += not whole
            if wrong:
                bad += 1
                print(f"run {number}: {wrong}")
    print(f"{runs} runs, {cut} cut, {bad} bad; seed {seed}")
    sys.exit(bad > 0 or cut == 0)


main(*sys.argv[1:])
