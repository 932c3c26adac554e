"""Bytes a second from the sender's stdin to the receiver's stdout.

The bytes are checked by sha256 in runs of their own; a timed run by exit
status, and by size where the sink is a file. Time runs from the start of the
process that has the file to the end of the last process of the chain. Both
ends are the same tool.
"""
import hashlib
import json
import os
import shutil
import subprocess

from harness import Bound, Failure, Measure, free_port
from tools import able, argv

SOURCES = ("file", "pipe")
SINKS = ("null", "pipe", "file")
PAIRS = [(source, sink) for source in SOURCES for sink in SINKS]
LIMITS = {
    ("file", "null"): ("iperf3", "iperf3 -Z"),
    ("pipe", "pipe"): ("cat file | cat",),
    ("file", "file"): ("cat file >out",),
}
MIB = 1 << 20


def speed(transport, pair):
    name = f"{transport} {pair[0]} -> {pair[1]}".replace("null", "/dev/null")
    return Measure(name, "MiB/s", "more")


def cost(pair):
    name = speed("tcp", pair).name
    return Measure("CPU of both ends, " + name, "s/GiB", "less")


PEAKS = [Measure(f"peak memory, {end}, tcp file -> /dev/null", "KiB", "less")
         for end in ("sender", "receiver")]

BOUNDS = [
    Bound("file -> /dev/null", "tcp file -> /dev/null", "nc.openbsd",
          ">=", 3.3),
    Bound("file -> /dev/null", "tcp file -> /dev/null", "iperf3 -Z",
          ">=", 1.1),
    Bound("file -> pipe", "tcp file -> pipe", "nc.openbsd", ">=", 3),
    Bound("pipe -> pipe", "tcp pipe -> pipe", "nc.openbsd", ">=", 1.9),
    Bound("pipe -> pipe", "tcp pipe -> pipe", "cat file | cat", ">=", 1.2),
    Bound("file -> file", "tcp file -> file", "nc.openbsd", ">=", 2.2),
    Bound("file -> file", "tcp file -> file", "cat file >out", ">=", 0.9),
    Bound("CPU per GiB, both ends, file -> /dev/null",
          cost(("file", "null")).name, "nc.openbsd", "<=", 0.4),
]


def make_source(path, mib):
    """Random, and no two MiB alike, so that a misplaced block shows."""
    block = os.urandom(MIB - 8)
    with open(path, "wb") as out:
        for number in range(mib):
            out.write(number.to_bytes(8, "big") + block)


def open_sink(bench, jobs, sink, consumer):
    """The receiver's stdout; for a pipe, with its reader started."""
    if sink == "null":
        return os.open("/dev/null", os.O_WRONLY)
    out = os.open(bench.fresh("sink"), os.O_WRONLY | os.O_CREAT, 0o600)
    if sink == "file":
        return out
    reading, writing = os.pipe()
    if consumer == "cat":
        os.close(out)
        out = subprocess.DEVNULL
    jobs.start([consumer], reading, out)
    return writing


def start_sender(jobs, words, source, path):
    """The sender, and the process from whose start the time counts."""
    if source == "file":
        sender = jobs.start(words, os.open(path, os.O_RDONLY))
        return sender, sender
    reading, writing = os.pipe()
    sender = jobs.start(words, reading)
    return sender, jobs.start(["cat", path], stdout=writing)


def elapsed(jobs, first):
    return max(j.usage().end for j in jobs.jobs) - first.usage().start


def transfer(bench, tool, transport, pair, path, consumer="cat"):
    """One run: seconds, the sender's usage, the receiver's."""
    bench.sweep("sink")
    bench.sweep("socket")       # some tools leave it
    at = bench.fresh("socket") if transport == "unix" else free_port()
    with bench.jobs() as jobs:
        out = open_sink(bench, jobs, pair[1], consumer)
        receiver = jobs.listen(transport, at,
                               argv(tool, transport + " receive", at),
                               bench.idle(), out)
        sender, first = start_sender(
            jobs, argv(tool, transport + " send", at), pair[0], path)
        jobs.finish()
        if pair[1] == "file" and sink_size(bench) != os.path.getsize(path):
            raise Failure(f"{sink_size(bench)} bytes arrived")
        return elapsed(jobs, first), sender.usage(), receiver.usage()


def sink_path(bench):
    name = next(n for n in os.listdir(bench.scratch) if n.startswith("sink"))
    return os.path.join(bench.scratch, name)


def sink_size(bench):
    return os.path.getsize(sink_path(bench))


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as data:
        while block := data.read(MIB):
            digest.update(block)
    return digest.hexdigest()


def check(bench, tool, transport, pair, path, expected):
    """An untimed run whose output is hashed."""
    transfer(bench, tool, transport, pair, path, "sha256sum")
    if pair[1] == "file":
        found = sha256(sink_path(bench))
    else:
        with open(sink_path(bench)) as line:
            found = line.read().split()[0]
    if found != expected:
        raise Failure("the bytes that arrived differ (sha256)")


def check_all(bench):
    path = os.path.join(bench.scratch, "checked")
    make_source(path, 8 if bench.quick else 128)
    expected = sha256(path)
    for transport in ("tcp", "unix"):
        for pair in PAIRS:
            for tool in able(transport + " send"):
                if pair[1] != "null":
                    what = f"check {tool} {speed(transport, pair).name}"
                    bench.attempt(what, check, bench, tool, transport, pair,
                                  path, expected)
    os.unlink(path)


def iperf(bench, path, *options):
    port = free_port()
    report = bench.fresh("sink")
    with bench.jobs() as jobs:
        jobs.listen("tcp", port, ["iperf3", "-s", "-1", "-p", str(port)],
                    subprocess.DEVNULL, subprocess.DEVNULL)
        words = ["iperf3", "-c", "127.0.0.1", "-p", str(port), "-J", "-n",
                 str(os.path.getsize(path)), *options]
        out = os.open(report, os.O_WRONLY | os.O_CREAT, 0o600)
        jobs.start(words, stdout=out)
        jobs.finish()
    with open(report) as text:
        received = json.load(text)["end"]["sum_received"]
    return os.path.getsize(path) * 8 / received["bits_per_second"]


def cat_to_cat(bench, path):
    with bench.jobs() as jobs:
        reading, writing = os.pipe()
        jobs.start(["cat"], reading)
        first = jobs.start(["cat", path], stdout=writing)
        jobs.finish()
        return elapsed(jobs, first)


def cat_to_file(bench, path):
    bench.sweep("sink")
    with bench.jobs() as jobs:
        out = os.open(bench.fresh("sink"), os.O_WRONLY | os.O_CREAT, 0o600)
        first = jobs.start(["cat", path], stdout=out)
        jobs.finish()
        return elapsed(jobs, first)


def limit(bench, name, path):
    if name.startswith("iperf3"):
        return iperf(bench, path, *name.split()[1:])
    cat = cat_to_cat if name == "cat file | cat" else cat_to_file
    return cat(bench, path)


def warm_up(bench, pair, path):
    """In a virtual machine whoever first touches memory pays the host."""
    bench.sweep("sink")
    if pair[1] == "file":
        shutil.copyfile(path, bench.fresh("sink"))


def measure_tool(bench, tool, transport, pair, path, number):
    name = speed(transport, pair).name
    result = bench.attempt(f"{tool} {name}", transfer, bench, tool, transport,
                           pair, path)
    if result is None:
        return
    seconds, sender, receiver = result
    mib = os.path.getsize(path) / MIB
    bench.record(speed(transport, pair), tool, number, mib / seconds)
    if transport == "tcp":
        used = (sender.cpu_s + receiver.cpu_s) * 1024 / mib
        bench.record(cost(pair), tool, number, used)
    if transport == "tcp" and pair == ("file", "null"):
        bench.record(PEAKS[0], tool, number, sender.peak_kib)
        bench.record(PEAKS[1], tool, number, receiver.peak_kib)


def measure_limits(bench, pair, path, number):
    for name in LIMITS.get(pair, ()):
        seconds = bench.attempt(name, limit, bench, name, path)
        if seconds:
            value = os.path.getsize(path) / MIB / seconds
            bench.record(speed("tcp", pair), name, number, value)


def run(bench):
    check_all(bench)
    path = os.path.join(bench.scratch, "source")
    make_source(path, bench.mib)
    for number in bench.rounds(*(2, 24) if bench.quick else (5, 400)):
        for transport in ("tcp", "unix"):
            for pair in PAIRS:
                warm_up(bench, pair, path)
                for tool in able(transport + " send", number):
                    measure_tool(bench, tool, transport, pair, path, number)
                if transport == "tcp":
                    measure_limits(bench, pair, path, number)
    bench.sweep("sink")
    os.unlink(path)
