"""Forwarders: bytes and CPU, connections, round trips, streams at once, memory.

./through is the client before the forwarder and the target behind it. A round
trip on several CPUs is the least of three runs: where the scheduler puts the
three processes decides more than the forwarder does.
"""
import os
import socket
import subprocess
import time

from harness import Bound, Failure, Measure, free_port
from latency import ALL_CPUS
from throughput import make_source
from tools import OURS, able, argv, configure

MIB = 1 << 20
SPEED = Measure("forward, file -> null", "MiB/s", "more")
CPU = Measure("forward, CPU of the forwarder", "s/GiB", "less")
MANY = Measure("forward, streams at once", "MiB/s", "more")
SHARE = Measure("forward, streams at once, of one stream", "share", "more")
ONE = Measure("forward, connections a second", "1/s", "more")
SOME = Measure("forward, connections a second, 64 at a time", "1/s", "more")
TRIPS = {
    Measure("forward, 64-byte round trip, one CPU", "us", "less"):
        ({min(ALL_CPUS)}, 1),
    Measure("forward, 64-byte round trip, any CPU", "us", "less"):
        (ALL_CPUS, 3),
}
MEMORY = Measure("forward, memory of an idle connection", "KiB", "less")
SOCKS = Measure("SOCKS 5, connections a second", "1/s", "more")
BIG = "socat -b 262144"
BOUNDS = [
    *(Bound("one stream", SPEED.name, peer, ">=", figure) for peer, figure in
      ((BIG, 1.3), ("haproxy", 2.2), ("socat", 3), ("nginx", 1.5))),
    *(Bound("CPU", CPU.name, peer, "<=", figure) for peer, figure in
      ((BIG, 0.5), ("haproxy", 0.25))),
    *(Bound(measure.name, measure.name, peer, ">=", figure)
      for measure in (ONE, SOME)
      for peer, figure in (("haproxy", 1), ("socat", 3))),
    *(Bound(measure.name, measure.name, "best peer", "<=", 1.03)
      for measure in TRIPS),
    Bound("streams at once, of one", SHARE.name, None, ">=", 0.9),
    Bound("idle connection", MEMORY.name, None, "<=", 12),
    Bound("SOCKS 5", SOCKS.name, "microsocks", ">=", 1),
    Bound("SOCKS 5", SOCKS.name, "ssh -D", ">=", 2),
]


class Forwarder:
    """A tool that forwards; its port is at, its target's target."""

    def __init__(self, bench, jobs, tool, job="forward"):
        self.at, self.target = free_port(), free_port()
        config = configure(bench, tool, self.at, self.target)
        words = argv(tool, job, self.at, target=self.target, config=config)
        self.job = jobs.listen("tcp", self.at, words, bench.idle(),
                               os.open("/dev/null", os.O_WRONLY))
        with open(f"/proc/{self.job.process.pid}/task/"
                  f"{self.job.process.pid}/children") as children:
            self.pid = int(children.read().split()[0])

    def cpu_s(self):
        """Of it and of the children that it has waited for."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def kib(self):
        with open(f"/proc/{self.pid}/status") as status:
            return next(int(line.split()[1]) for line in status
                        if line.startswith("VmRSS"))


def through(bench, forwarder, what, *arguments):
    try:
        done = subprocess.run(
            [bench.helper("through"), what, str(forwarder.target),
             str(forwarder.at), *map(str, arguments)], capture_output=True,
            timeout=bench.patience_s, check=False)
    except subprocess.TimeoutExpired as late:
        raise Failure(f"{what}: not done in time") from late
    if done.returncode != 0:
        raise Failure(f"{what}: {done.stderr.decode().strip()}")
    return float(done.stdout)


def stream(bench, tool, path, count):
    """Seconds, and the forwarder's CPU seconds."""
    with bench.jobs() as jobs:
        forwarder = Forwarder(bench, jobs, tool)
        before = forwarder.cpu_s()
        took = through(bench, forwarder, "stream", path, count)
        time.sleep(0.05)            # for socat, to wait for its child
        return took, forwarder.cpu_s() - before


def one_value(bench, tool, job, what, *arguments):
    with bench.jobs() as jobs:
        return through(bench, Forwarder(bench, jobs, tool, job), what,
                       *arguments)


def round_trip(bench, tool, count, cpus, runs):
    os.sched_setaffinity(0, cpus)       # the commands inherit it
    try:
        return min(one_value(bench, tool, "forward", "trips", count)
                   for _ in range(runs))
    finally:
        os.sched_setaffinity(0, ALL_CPUS)


def idle_kib(bench, tool, count):
    """What each of count connections costs that have said one byte each way."""
    with bench.jobs() as jobs, socket.socket() as door:
        forwarder = Forwarder(bench, jobs, tool)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", forwarder.target))
        door.listen(count)
        ends, before = [], 0
        for number in range(count + 8):
            if number == 8:         # what the first ones cost is the program's
                before = forwarder.kib()
            ends.append(socket.create_connection(("127.0.0.1", forwarder.at)))
            ends.append(door.accept()[0])
            for one, other in (ends[-2:], ends[:-3:-1]):
                one.sendall(b"x")
                other.recv(1)
        time.sleep(0.2)
        cost = (forwarder.kib() - before) / count
        for end in ends:
            end.close()
        return cost


def measure_streams(bench, tool, paths, count, number):
    result = bench.attempt(f"{tool} {SPEED.name}", stream, bench, tool,
                           paths[0], 1)
    if not result:
        return
    mib = os.path.getsize(paths[0]) / MIB
    bench.record(SPEED, tool, number, mib / result[0])
    bench.record(CPU, tool, number, result[1] * 1024 / mib)
    if "socat" in tool:             # has as many processes, not streams
        return
    many = bench.attempt(f"{tool} {MANY.name}", stream, bench, tool, paths[1],
                         count)
    if many:
        speed = count * os.path.getsize(paths[1]) / MIB / many[0]
        bench.record(MANY, tool, number, speed)
        bench.record(SHARE, tool, number, speed * result[0] / mib)


def measure_value(bench, measure, tool, number, action, *arguments):
    value = bench.attempt(f"{tool} {measure.name}", action, bench, tool,
                          *arguments)
    if value:
        bench.record(measure, tool, number, value)


def measure_rest(bench, tool, number, count):
    for measure, at_once in ((ONE, 1), (SOME, 64)):
        measure_value(bench, measure, tool, number, one_value, "forward",
                      "connects", count, at_once)
    for measure, how in TRIPS.items():
        measure_value(bench, measure, tool, number, round_trip, count, *how)


def run(bench):
    paths = [os.path.join(bench.scratch, name) for name in ("large", "small")]
    make_source(paths[0], bench.mib)
    make_source(paths[1], 1)
    count = 300 if bench.quick else 2000
    for number in bench.rounds(*(2, 20) if bench.quick else (7, 140)):
        for tool in able("forward", number):
            measure_streams(bench, tool, paths, 100 if bench.quick else 1000,
                            number)
            measure_rest(bench, tool, number, count)
        for tool in able("socks", number):
            measure_value(bench, SOCKS, tool, number, one_value, "socks",
                          "socks", count)
    for tool in (OURS, "haproxy", "nginx"):
        if tool in able("forward"):
            measure_value(bench, MEMORY, tool, 1, idle_kib, 400)
    for path in paths:
        os.unlink(path)
