"""Forwarders of datagrams: a 64-byte round trip, memory of an idle session.

A ping that is a socket, the forwarder, and an echo that is one.
"""
import contextlib
import os
import socket
import subprocess
import time

from harness import Bound, Failure, Measure, free_port
from latency import ALL_CPUS
from tools import OURS, able, argv

PLACES = {
    Measure("UDP forward, 64-byte round trip, one CPU", "us", "less"):
        {min(ALL_CPUS)},
    Measure("UDP forward, 64-byte round trip, any CPU", "us", "less"):
        ALL_CPUS,
}
MEMORY = Measure("UDP forward, memory of an idle session", "KiB", "less")
BOUNDS = [
    *(Bound(measure.name, measure.name, "socat", "<", 1)
      for measure in PLACES),
    Bound("UDP forward, idle session", MEMORY.name, None, "<=", 12),
]


@contextlib.contextmanager
def forwarder(bench, jobs, tool):
    """Its process, and a socket behind it; and one before it is made by
    calling the third."""
    port = free_port(socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target:
        target.bind(("127.0.0.1", 0))
        target.settimeout(bench.patience_s)
        job = jobs.listen("udp", port, argv(tool, "forward udp", port,
                          target=target.getsockname()[1]), bench.idle(),
                          os.open("/dev/null", os.O_WRONLY))

        def client():
            before = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            before.connect(("127.0.0.1", port))
            before.settimeout(bench.patience_s)
            before.send(b"x" * 64)
            data, where = target.recvfrom(100)
            target.sendto(data, where)
            before.recv(100)
            return before, where
        try:
            yield job, target, client
        except TimeoutError as late:
            raise Failure("a datagram is lost") from late


def round_trip(bench, tool, count, cpus):
    os.sched_setaffinity(0, cpus)       # the commands inherit it
    helper = bench.helper("pingpong")
    try:
        with bench.jobs() as jobs, forwarder(bench, jobs, tool) as made:
            before, where = made[2]()
            made[1].connect(where)
            for end in (before, made[1]):
                end.setblocking(True)
            echo = subprocess.Popen([helper, "echo"], stdin=made[1],
                                    stdout=made[1])
            with before, echo:
                done = subprocess.run([helper, "ping", str(count)],
                                      stdin=before, stdout=before,
                                      stderr=subprocess.PIPE, check=True,
                                      timeout=bench.patience_s)
                echo.kill()
            return float(done.stderr)
    finally:
        os.sched_setaffinity(0, ALL_CPUS)


def idle_kib(bench, count):
    def kib(job):
        pid = job.process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            pid = children.read().split()[0]
        with open(f"/proc/{pid}/status") as status:
            return next(int(line.split()[1]) for line in status
                        if line.startswith("VmRSS"))

    with bench.jobs() as jobs, forwarder(bench, jobs, OURS) as made:
        ends = [made[2]() for _ in range(8)]
        first = kib(made[0])
        ends += [made[2]() for _ in range(count)]
        time.sleep(0.2)
        cost = (kib(made[0]) - first) / count
        for end, _ in ends:
            end.close()
        return cost


def run(bench):
    count = 1000 if bench.quick else 5000
    for number in bench.rounds(*(3, 20) if bench.quick else (15, 120)):
        for measure, cpus in PLACES.items():
            for tool in able("forward udp", number):
                value = bench.attempt(f"{tool} {measure.name}", round_trip,
                                      bench, tool, count, cpus)
                if value:
                    bench.record(measure, tool, number, value)
    value = bench.attempt(MEMORY.name, idle_kib, bench, 400)
    if value:
        bench.record(MEMORY, OURS, 1, value)
