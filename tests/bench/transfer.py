"""What it costs to see, shape and check a transfer: file -> /dev/null."""
import os
import re
import subprocess

from harness import Bound, Failure, Measure, free_port
from throughput import MIB, elapsed, make_source
from tools import OURS

PIPELINE = "pv | tee >(sha256sum) | nc.openbsd"
PLAIN = "without"
SPEED = "openssl speed"
RATE = 100 * MIB

PROGRESS = Measure("tcp file -> /dev/null with --progress", "MiB/s", "more")
DIGEST = Measure("tcp file -> /dev/null, sha256 of it", "MiB/s", "more")
LIMITED = Measure("--limit-rate 100M, share of it", "x", "more")

BOUNDS = [
    Bound("--progress", PROGRESS.name, PLAIN, ">=", 0.98),
    Bound("--digest", DIGEST.name, PIPELINE, ">=", 1.5),
    Bound("--digest", DIGEST.name, SPEED, ">=", 0.8),
    Bound("--limit-rate, not less", LIMITED.name, None, ">=", 0.98),
    Bound("--limit-rate, not more", LIMITED.name, None, "<=", 1.02),
]


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


def run(bench):
    path = os.path.join(bench.scratch, "sent")
    make_source(path, bench.mib)
    slow = os.path.join(bench.scratch, "slow")
    make_source(slow, 100 if bench.quick else 500)
    plan = [
        (PROGRESS, PLAIN, lambda: ours(bench, path)),
        (PROGRESS, OURS, lambda: ours(bench, path, "--progress")),
        (DIGEST, OURS, lambda: ours(bench, path, "--digest")),
        (DIGEST, PIPELINE, lambda: pipeline(bench, path)),
        (DIGEST, SPEED, lambda: hash_speed(bench, path)),
        (LIMITED, OURS, lambda: ours(bench, slow, "--limit-rate", "100M")),
    ]
    for number in bench.rounds(*(3, 20) if bench.quick else (7, 120)):
        for measure, tool, action in plan:
            seconds = bench.attempt(f"{measure.name} {tool}", action)
            if seconds and measure is LIMITED:
                bench.record(measure, tool, number,
                             os.path.getsize(slow) / seconds / RATE)
            elif seconds:
                bench.record(measure, tool, number,
                             os.path.getsize(path) / MIB / seconds)
    os.unlink(path)
    os.unlink(slow)
