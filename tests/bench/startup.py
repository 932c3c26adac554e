"""A whole run that finds a closed port: start, connect, end."""
import os
import socket
import statistics

from harness import Bound, Failure, Measure
from tools import able, argv

TIME = Measure("-z to a closed port, time", "us", "less")
PEAK = Measure("-z to a closed port, peak memory", "KiB", "less")
BOUNDS = [
    Bound("-z to a closed port, time", TIME.name, "nc.openbsd", "<=", 1),
    Bound("-z to a closed port, memory", PEAK.name, "nc.openbsd", "<=", 1.2),
]
REPEATS = 10


def one_tool(bench, tool, port):
    with bench.jobs() as jobs:
        job = jobs.start(argv(tool, "test port", port), count=REPEATS)
        jobs.finish()
        usages = job.usages()
        if any(os.waitstatus_to_exitcode(u.status) != 1 for u in usages):
            raise Failure("the end was not exit status 1")
        times = [(u.end - u.start) * 1e6 for u in usages]
        return statistics.median(times), max(u.peak_kib for u in usages)


def run(bench):
    with socket.socket() as closed:     # bound, never listening
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        for number in bench.rounds(*(5, 3) if bench.quick else (50, 30)):
            for tool in able("test port", number):
                result = bench.attempt(f"startup {tool}", one_tool, bench,
                                       tool, port)
                if result:
                    bench.record(TIME, tool, number, result[0])
                    bench.record(PEAK, tool, number, result[1])
