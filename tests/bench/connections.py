"""Connections a second that one listener with -k serves, one at a time."""
import os

from harness import Bound, Failure, Measure, free_port
from tools import able, argv

RATE = Measure("connections a second, -k", "1/s", "more")
BOUNDS = [Bound(RATE.name, RATE.name, peer, ">=", 1)
          for peer in ("nc.openbsd", "ncat")]
MESSAGE = 64


def serve(bench, tool, count):
    bench.sweep("sink")
    port = free_port()
    sink, answer = bench.fresh("sink"), bench.fresh("sink")
    with bench.jobs() as jobs:
        jobs.listen("tcp", port, argv(tool, "keep", port), bench.idle(),
                    os.open(sink, os.O_WRONLY | os.O_CREAT, 0o600))
        words = [bench.helper("connects"), str(port), str(count)]
        client = jobs.start(words, stdout=os.open(
            answer, os.O_WRONLY | os.O_CREAT, 0o600))
        client.finish(bench.deadline())
        client.usage()
    if os.path.getsize(sink) != count * MESSAGE:
        raise Failure(f"{os.path.getsize(sink)} bytes of {count * MESSAGE}")
    with open(answer) as text:
        return float(text.read())


def run(bench):
    count = 200 if bench.quick else 2000
    for number in bench.rounds(*(3, 5) if bench.quick else (7, 60)):
        for tool in able("keep", number):
            value = bench.attempt(f"connections {tool}", serve, bench, tool,
                                  count)
            if value:
                bench.record(RATE, tool, number, value)
    bench.sweep("sink")
