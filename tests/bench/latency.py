"""A 64-byte question and its answer, through pipes at both ends."""
import os

from harness import Bound, Measure, free_port
from tools import able, argv

# On one CPU the programs' own work counts; on several, waking the others
# counts most, and scatters.
ALL_CPUS = os.sched_getaffinity(0)
PLACES = {
    Measure("64-byte round trip, median, one CPU", "us", "less"):
        {min(ALL_CPUS)},
    Measure("64-byte round trip, median, any CPU", "us", "less"): ALL_CPUS,
}
BOUNDS = [Bound(measure.name, measure.name, "best peer", "<=", 1)
          for measure in PLACES]


def round_trip(bench, tool, count):
    """ping | asking end | answering end | echo, and all the way back."""
    port = free_port()
    helper = bench.helper("pingpong")
    with bench.jobs() as jobs:
        echo_in, answer_out = os.pipe()
        answer_in, echo_out = os.pipe()
        jobs.listen("tcp", port, argv(tool, "answer", port), answer_in,
                    answer_out)
        jobs.start([helper, "echo"], echo_in, echo_out)
        ask_in, ping_out = os.pipe()
        ping_in, ask_out = os.pipe()
        jobs.start(argv(tool, "ask", port), ask_in, ask_out)
        ping = jobs.start([helper, "ping", str(count)], ping_in, ping_out)
        ping.finish(bench.deadline())
        ping.usage()
        return float(ping.errors())


def one_place(bench, tool, count, cpus):
    os.sched_setaffinity(0, cpus)       # the commands inherit it
    try:
        return round_trip(bench, tool, count)
    finally:
        os.sched_setaffinity(0, ALL_CPUS)


def run(bench):
    count = 1000 if bench.quick else 5000
    for number in bench.rounds(*(3, 6) if bench.quick else (9, 60)):
        for measure, cpus in PLACES.items():
            for tool in able("answer", number):
                value = bench.attempt(f"latency {tool}", one_place, bench,
                                      tool, count, cpus)
                if value:
                    bench.record(measure, tool, number, value)
