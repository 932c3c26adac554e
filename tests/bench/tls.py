"""TLS: bytes a second from file to /dev/null, handshakes a second with -k.

All listeners have the same P-256 certificate. Nobody but nc-lite verifies it
without being asked, so only nc-lite does.
"""
import hashlib
import os
import subprocess
import time

from harness import Bound, Failure, Measure, free_port
from throughput import make_source, open_sink, elapsed
from tools import able, argv

MIB = 1 << 20
SPEED = Measure("tls file -> /dev/null", "MiB/s", "more")
CPU = Measure("CPU of both ends, tls file -> /dev/null", "s/GiB", "less")
RATE = Measure("TLS handshakes a second, -k", "1/s", "more")
BOUNDS = [
    Bound("TLS, file -> /dev/null", SPEED.name, "best peer", ">=", 1.3),
    Bound("TLS handshakes, -k", RATE.name, "ncat", ">=", 1.2),
    Bound("TLS handshakes, -k", RATE.name, "socat", ">=", 1.2),
]
CLIENTS = 4
MESSAGE = 64


def make_certificate(bench):
    path = bench.fresh("certificate")
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=bench", "-days",
         "2", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path,
         "-out", path + ".part"], capture_output=True, check=False)
    if made.returncode != 0:
        raise Failure("openssl makes no certificate")
    with open(path, "ab") as both, open(path + ".part", "rb") as part:
        both.write(part.read())
    return path


def transfer(bench, tool, cert, path, sink="null"):
    """One run: seconds, and CPU seconds of both ends."""
    port = free_port()
    with bench.jobs() as jobs:
        out = open_sink(bench, jobs, sink, None)
        receiver = jobs.listen("tcp", port,
                               argv(tool, "tls receive", port, cert),
                               bench.idle(), out)
        sender = jobs.start(argv(tool, "tls send", port, cert),
                            os.open(path, os.O_RDONLY))
        jobs.finish()
        used = sender.usage().cpu_s + receiver.usage().cpu_s
        return elapsed(jobs, sender), used


def check(bench, tool, cert, path):
    """An untimed run whose output is hashed."""
    bench.sweep("sink")
    transfer(bench, tool, cert, path, "file")
    name = next(n for n in os.listdir(bench.scratch) if n.startswith("sink"))
    digests = []
    for found in (path, os.path.join(bench.scratch, name)):
        with open(found, "rb") as data:
            digests.append(hashlib.file_digest(data, "sha256").digest())
    if digests[0] != digests[1]:
        raise Failure("the bytes that arrived differ (sha256)")


def handshakes(bench, tool, cert, count):
    """A second's connections, by a few clients at once."""
    bench.sweep("sink")
    port, sink = free_port(), bench.fresh("sink")
    with bench.jobs() as jobs:
        jobs.listen("tcp", port, argv(tool, "tls keep", port, cert),
                    bench.idle(), os.open(sink, os.O_WRONLY | os.O_CREAT))
        clients = subprocess.run(
            [bench.helper("handshakes"), str(port), str(count), str(CLIENTS)],
            capture_output=True, timeout=bench.patience_s, check=False)
        if clients.returncode != 0:
            raise Failure("a client was not served")
        wait_for(sink, count * MESSAGE)
    return float(clients.stdout)


def wait_for(sink, size):
    deadline = time.monotonic() + 2
    while os.path.getsize(sink) < size and time.monotonic() < deadline:
        time.sleep(0.01)
    if os.path.getsize(sink) != size:
        raise Failure(f"{os.path.getsize(sink)} bytes of {size}")


def measure_speed(bench, tool, cert, path, number):
    result = bench.attempt(f"{tool} {SPEED.name}", transfer, bench, tool,
                           cert, path)
    if result:
        mib = os.path.getsize(path) / MIB
        bench.record(SPEED, tool, number, mib / result[0])
        bench.record(CPU, tool, number, result[1] * 1024 / mib)


def measure_rate(bench, tool, cert, count, number):
    value = bench.attempt(f"{tool} {RATE.name}", handshakes, bench, tool,
                          cert, count)
    if value:
        bench.record(RATE, tool, number, value)


def run(bench):
    cert = make_certificate(bench)
    path = os.path.join(bench.scratch, "source")
    make_source(path, 8)
    for tool in able("tls send"):
        bench.attempt(f"check {tool} tls", check, bench, tool, cert, path)
    make_source(path, bench.mib)
    for number in bench.rounds(*(2, 20) if bench.quick else (5, 120)):
        for tool in able("tls send", number):
            measure_speed(bench, tool, cert, path, number)
        for tool in able("tls keep", number):
            measure_rate(bench, tool, cert, 200 if bench.quick else 4000,
                         number)
    os.unlink(path)
