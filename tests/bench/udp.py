"""Datagrams received, of those sent faster than some can read.

Into a file they are counted by its size; into /dev/null they are those sent
less those that the kernel dropped at the receiver's socket.
"""
import os
import socket
import time

from harness import Bound, Failure, Measure, free_port, sockets
from tools import able, argv

SIZE = 1400
PACES = {"full speed": 0, "200,000 a second": 200000}
SINKS = ("/dev/null", "file")
QUEUE, DROPS = 4, -1            # columns of /proc/net/udp


def received(pace, sink):
    return Measure(f"UDP received, {pace}, {sink}", "share", "more")


BOUNDS = [Bound(f"UDP received, {pace}, {sink}", received(pace, sink).name,
                "best peer", ">", 1) for pace in PACES for sink in SINKS]


def drained(port, path, deadline):
    """Waits until nothing is queued and the file has stopped growing."""
    before, calm = -1, 0
    while calm < 5 and time.monotonic() < deadline:
        rows = sockets("udp", port)
        if not rows:
            raise Failure("the receiver left")
        size = os.path.getsize(path)
        empty = all(int(r[QUEUE].split(":")[1], 16) == 0 for r in rows)
        calm = calm + 1 if empty and size == before else 0
        before = size
        time.sleep(0.01)
    return sum(int(r[DROPS]) for r in rows)


def open_sink(bench, sink):
    path = bench.fresh("sink") if sink == "file" else sink
    return path, os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)


def share(bench, tool, pace, sink, count):
    """What part of count datagrams arrived."""
    bench.sweep("sink")
    port = free_port(socket.SOCK_DGRAM)
    path, out = open_sink(bench, sink)
    taken_path = bench.fresh("sink")
    with bench.jobs() as jobs:
        jobs.listen("udp", port, argv(tool, "udp", port), bench.idle(), out)
        words = [bench.helper("datagrams"), str(port), str(count), str(pace)]
        sender = jobs.start(words, stdout=os.open(
            taken_path, os.O_WRONLY | os.O_CREAT, 0o600))
        sender.finish(bench.deadline())
        sender.usage()
        dropped = drained(port, path, bench.deadline())
        if sink == "file":
            return os.path.getsize(path) / SIZE / count
    with open(taken_path) as text:
        return (int(text.read()) - dropped) / count


def run(bench):
    count = 50000 if bench.quick else 1000000
    for number in bench.rounds(*(2, 8) if bench.quick else (3, 170)):
        for pace, rate in PACES.items():
            for sink in SINKS:
                for tool in able("udp", number):
                    value = bench.attempt(f"udp {tool} {pace} {sink}", share,
                                          bench, tool, rate, sink, count)
                    if value is not None:
                        bench.record(received(pace, sink), tool, number, value)
    bench.sweep("sink")
