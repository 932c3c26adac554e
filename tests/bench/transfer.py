"""What it costs to see, shape and check a transfer: file -> /dev/null."""
import os
import re
import subprocess
import sys
import time

from harness import Bound, Failure, Measure, free_port
from throughput import MIB, elapsed, make_source
from tools import OURS

# A library's pages that nobody wrote to are the same memory for all programs
# that use it; so what counts is what is private, and the rest is only told.
MEMORY_OF = ["--progress", "--digest", "--limit-rate=1G", "--hex-dump=/dev/null",
             "--output=/dev/null"]
PIPELINE = "pv | tee >(sha256sum) | nc.openbsd"
PLAIN = "without"
SPEED = "openssl speed"
RATE = 100 * MIB

PROGRESS = Measure("tcp file -> /dev/null with --progress", "MiB/s", "more")
DIGEST = Measure("tcp file -> /dev/null, sha256 of it", "MiB/s", "more")
LIMITED = Measure("--limit-rate 100M, share of it", "x", "more")
BURST = Measure("--limit-rate 100M, worst 100 ms, share of it", "x", "less")
MEMORY = Measure("sender's private memory, more than a plain one's", "KiB",
                 "less")
RESIDENT = Measure("the same with the pages of shared libraries", "KiB",
                   "less")

BOUNDS = [
    Bound("--progress", PROGRESS.name, PLAIN, ">=", 0.98),
    Bound("--digest", DIGEST.name, PIPELINE, ">=", 1.5),
    Bound("--digest", DIGEST.name, SPEED, ">=", 0.8),
    Bound("--limit-rate, not less", LIMITED.name, None, ">=", 0.98),
    Bound("--limit-rate, not more", LIMITED.name, None, "<=", 1.02),
    Bound("--limit-rate, 100 ms", BURST.name, None, "<=", 1.1),
] + [Bound("memory, " + option, f"{MEMORY.name}, {option}", None, "<=", 1024)
     for option in MEMORY_OF]


def send(bench, path, receive, words):
    """Seconds from the sender's start to the last one's end."""
    port = free_port()
    fill = [word.replace("{at}", str(port)).replace("{file}", path)
            for word in words]
    with bench.jobs() as jobs:
        jobs.listen("tcp", port, [w.replace("{at}", str(port))
                                  for w in receive], bench.idle(),
                    os.open("/dev/null", os.O_WRONLY))
        first = jobs.start(fill, os.open(path, os.O_RDONLY))
        jobs.finish()
        return elapsed(jobs, first)


def ours(bench, path, *options):
    binary = os.environ["NC_LITE"]
    return send(bench, path, [binary, "-l", "-d", "{at}"],
                [binary, "-N", *options, "127.0.0.1", "{at}"])


def pipeline(bench, path):
    return send(bench, path, ["nc.openbsd", "-l", "-d", "{at}"],
                ["bash", "-c", "pv -q {file} | tee >(sha256sum >/dev/null) |"
                 " nc.openbsd -N 127.0.0.1 {at}"])


def hash_speed(_bench, path):
    """Seconds for as many bytes by openssl's own word."""
    words = ["openssl", "speed", "-evp", "sha256", "-seconds", "1",
             "-bytes", "262144"]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    found = re.search(r"^sha256\s+([\d.]+)k", said.stdout, re.MULTILINE)
    if not found:
        raise Failure("openssl speed says nothing")
    return os.path.getsize(path) / (float(found[1]) * 1000)


def limited(bench, number):
    """The rate and the worst 100 ms that a receiver sees."""
    pace = os.path.join(bench.root, "tests", "peers", "pace.py")
    with subprocess.Popen([sys.executable, pace, "receive"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as receiver:
        port = receiver.stderr.readline().split()[-1]
        feed = subprocess.Popen(["head", "-c", str(RATE * 5), "/dev/zero"],
                                stdout=subprocess.PIPE)
        subprocess.run([os.environ["NC_LITE"], "--limit-rate", "100M",
                        "127.0.0.1", port], stdin=feed.stdout, check=True)
        feed.stdout.close()
        feed.wait()
        said = receiver.stdout.read().split()
    bench.record(LIMITED, OURS, number, int(said[3]) / RATE)
    bench.record(BURST, OURS, number, int(said[5]) / (RATE / 10))


def memory(bench, *options):
    """KiB, private and all, of a sender that has sent and waits for more."""
    port = free_port()
    with bench.jobs() as jobs:
        jobs.listen("tcp", port, [os.environ["NC_LITE"], "-l", "-d",
                                  str(port)], bench.idle(),
                    os.open("/dev/null", os.O_WRONLY))
        with subprocess.Popen([os.environ["NC_LITE"], *options, "127.0.0.1",
                               str(port)], stdin=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as sender:
            sender.stdin.write(bytes(64 * MIB))
            sender.stdin.flush()
            time.sleep(0.2)
            with open(f"/proc/{sender.pid}/status") as lines:
                found = dict(line.split(":", 1) for line in lines)
            sender.stdin.close()
    return [int(found[name].split()[0]) for name in ("RssAnon", "VmRSS")]


def compare_memory(bench, number):
    plain = memory(bench)
    for option in MEMORY_OF:
        more = [a - b for a, b in zip(memory(bench, option), plain)]
        for measure, value in zip((MEMORY, RESIDENT), more):
            bench.record(measure._replace(name=f"{measure.name}, {option}"),
                         OURS, number, value)


def run(bench):
    path = os.path.join(bench.scratch, "sent")
    make_source(path, bench.mib)
    plan = [
        (PROGRESS, PLAIN, lambda: ours(bench, path)),
        (PROGRESS, OURS, lambda: ours(bench, path, "--progress")),
        (DIGEST, OURS, lambda: ours(bench, path, "--digest")),
        (DIGEST, PIPELINE, lambda: pipeline(bench, path)),
        (DIGEST, SPEED, lambda: hash_speed(bench, path)),
    ]
    for number in bench.rounds(*(3, 20) if bench.quick else (7, 120)):
        for measure, tool, action in plan:
            seconds = bench.attempt(f"{measure.name} {tool}", action)
            if seconds:
                bench.record(measure, tool, number,
                             os.path.getsize(path) / MIB / seconds)
        bench.attempt("--limit-rate", limited, bench, number)
        bench.attempt("memory", compare_memory, bench, number)
    os.unlink(path)
