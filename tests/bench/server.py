"""One listener with -k and many peers: at once, idle, stalled, half-open.

What has no peer to compare with is a ratio of two figures of the same round:
the tools are nc-lite alone and nc-lite in company.
"""
import hashlib
import os
import resource
import shutil
import socket
import ssl
import statistics
import time

from harness import Bound, Failure, Measure, free_port
from tools import OURS, able, argv, program
from tls import make_certificate, wait_for

AT_ONCE = Measure("connections a second, -k, 64 at a time", "1/s", "more")
FILES = Measure("1 MiB each of 1,000 at once to --out DIR/", "MiB/s", "more")
IDLE = Measure("round trip beside 1,000 idle peers", "us", "less")
STALL = Measure("round trip beside one that stalls", "us", "less")
HALF = Measure("round trip beside 1,000 half-open handshakes", "us", "less")
MEMORY = Measure("memory of an idle peer", "KiB", "less")
MEMORY_TLS = Measure("memory of an idle peer, TLS", "KiB", "less")
CROWD = Measure("memory of a server with 10,000 peers", "MiB", "less")
WAKES = Measure("wake-ups in a second with 1,000 idle peers", "times",
                "less")
ALONE = "alone"
BOUNDS = [
    Bound(AT_ONCE.name, AT_ONCE.name, "ncat", ">=", 1),
    Bound(AT_ONCE.name, AT_ONCE.name, "socat", ">=", 4),
    Bound(FILES.name, FILES.name, ALONE, ">=", 0.5),
    Bound(IDLE.name, IDLE.name, ALONE, "<=", 1.5),
    Bound(STALL.name, STALL.name, ALONE, "<=", 1.2),
    Bound(HALF.name, HALF.name, ALONE, "<=", 1.2),
    Bound(WAKES.name, WAKES.name, None, "<=", 0),
    Bound(MEMORY.name, MEMORY.name, None, "<=", 4),
    Bound(MEMORY_TLS.name, MEMORY_TLS.name, None, "<=", 40),
    Bound(CROWD.name, CROWD.name, None, "<=", 64),
]
MESSAGE = 100


class Server:
    """nc-lite with -lk and these words, and what the kernel says of it."""

    def __init__(self, bench, jobs, words, stdout=None):
        self.bench, self.jobs, self.port = bench, jobs, free_port()
        sink = stdout or os.open(os.devnull, os.O_WRONLY)
        # Its limits are those of whoever starts it.
        job = jobs.listen("tcp", self.port, [program(OURS), "-lk", *words,
                          str(self.port)], bench.idle(), sink)
        path = f"/proc/{job.process.pid}/task/{job.process.pid}/children"
        with open(path) as children:
            self.pid = int(children.read().split()[0])

    def private_kib(self):
        with open(f"/proc/{self.pid}/smaps_rollup") as rows:
            return sum(int(row.split()[1]) for row in rows
                       if row.startswith("Private_"))

    def switches(self):
        with open(f"/proc/{self.pid}/status") as rows:
            return sum(int(row.split()[1]) for row in rows
                       if "ctxt_switches" in row)

    def crowd(self, *words):
        """What ./crowd prints."""
        answer = self.bench.fresh("sink")
        job = self.jobs.start(
            [self.bench.helper("crowd"), words[0], str(self.port),
             *map(str, words[1:])],
            stdout=os.open(answer, os.O_WRONLY | os.O_CREAT, 0o600))
        job.finish(self.bench.deadline())
        job.usage()
        with open(answer) as text:
            return float(text.read())

    def join(self, count):
        """So many peers that say nothing."""
        socks = [socket.create_connection(("127.0.0.1", self.port), 20)
                 for _ in range(count)]
        time.sleep(0.5)
        return socks


def leave(socks):
    for sock in socks:
        sock.close()


def at_once(bench, tool, count):
    port, sink = free_port(), bench.fresh("sink")
    with bench.jobs() as jobs:
        jobs.listen("tcp", port, argv(tool, "keep", port), bench.idle(),
                    os.open(sink, os.O_WRONLY | os.O_CREAT, 0o600))
        answer = bench.fresh("sink")
        client = jobs.start([bench.helper("crowd"), "send", str(port),
                             str(count), str(MESSAGE), "64"],
                            stdout=os.open(answer, os.O_WRONLY | os.O_CREAT,
                                           0o600))
        client.finish(bench.deadline())
        client.usage()
        with open(answer) as text:
            rate = float(text.read())
        try:
            wait_for(sink, count * MESSAGE)
        except Failure:
            if tool == OURS:
                raise
    # Of connections that were reset only what came counts.
    share = os.path.getsize(sink) / (count * MESSAGE)
    bench.sweep("sink")
    if tool == OURS and share < 1:
        raise Failure(f"{share:.0%} of the bytes came")
    return rate * share


def files(bench, count, mib, once):
    """MiB a second of so many clients with so much each; all whole."""
    folder = bench.fresh("folder")
    os.mkdir(folder)
    try:
        with bench.jobs() as jobs:
            server = Server(bench, jobs, ["-d", "--max-conns", "2000",
                                          "--out", folder + "/"])
            rate = server.crowd("send", count, mib << 20, once) * mib
        whole = hashlib.sha256(bytes(mib << 20)).hexdigest()
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as data:
                found = hashlib.file_digest(data, "sha256").hexdigest()
            if name.endswith(".part") or found != whole:
                raise Failure(f"{name} is not whole")
        if len(os.listdir(folder)) != count:
            raise Failure(f"{len(os.listdir(folder))} files of {count}")
        return rate
    finally:
        shutil.rmtree(folder)


def start_echo(bench, jobs):
    answer = bench.fresh("sink")
    jobs.start([bench.helper("crowd"), "echo"],
               stdout=os.open(answer, os.O_WRONLY | os.O_CREAT, 0o600))
    while not os.path.getsize(answer):
        time.sleep(0.01)
    with open(answer) as text:
        return int(text.read())


def turns(bench, measure, number, fronts):
    """Two servers side by side, of which one has company, in turn: whatever
    else the machine does, it does to both."""
    count = 300 if bench.quick else 1000
    found = {tool: [] for tool in fronts}
    for _ in range(9 if bench.quick else 25):
        for tool, front in fronts.items():
            found[tool].append(front.crowd("ping", count))
    for tool, numbers in found.items():
        bench.record(measure, tool, number, statistics.median(numbers))


def pings(bench, join, measure, number):
    with bench.jobs() as jobs:
        words = ["--forward", f"127.0.0.1:{start_echo(bench, jobs)}",
                 "--max-conns", "3000"]
        fronts = {tool: Server(bench, jobs, words) for tool in (ALONE, OURS)}
        socks = join(fronts[OURS])
        turns(bench, measure, number, fronts)
        leave(socks)


def stall(server):
    """One that sends without end, and reads nothing of what comes back."""
    sock = socket.create_connection(("127.0.0.1", server.port), 20)
    sock.settimeout(1)
    try:
        while True:
            sock.send(bytes(65536))
    except TimeoutError:        # all buffers are full, and have grown
        return [sock]


def ping_half_open(bench, number):
    """The pings go through other servers, which speak TLS to these."""
    cert = make_certificate(bench)
    with bench.jobs() as jobs:
        words = ["--forward", f"127.0.0.1:{start_echo(bench, jobs)}",
                 "--max-conns", "3000", "-w", "300", "-c", "--cert", cert]
        servers = {tool: Server(bench, jobs, words) for tool in (ALONE, OURS)}
        fronts = {tool: Server(bench, jobs, [
            "--forward", f"tls:127.0.0.1:{server.port}", "--forward-ca",
            cert]) for tool, server in servers.items()}
        socks = servers[OURS].join(1000)
        turns(bench, HALF, number, fronts)
        leave(socks)


def idle(bench, number):
    with bench.jobs() as jobs:
        server = Server(bench, jobs, ["-d", "--max-conns", "3000"])
        leave(server.join(1))
        before = server.private_kib()
        socks = server.join(1000)
        bench.record(MEMORY, OURS, number,
                     (server.private_kib() - before) / 1000)
        time.sleep(1)
        waked = server.switches()
        time.sleep(1)
        bench.record(WAKES, OURS, number, server.switches() - waked)
        leave(socks)


def idle_tls(bench, number):
    cert = make_certificate(bench)
    context = ssl.create_default_context(cafile=cert)
    with bench.jobs() as jobs:
        server = Server(bench, jobs, ["-dc", "--cert", cert, "--max-conns",
                                      "3000"])

        def join(count):
            return [context.wrap_socket(sock, server_hostname="127.0.0.1")
                    for sock in server.join(count)]
        leave(join(1))
        before = server.private_kib()
        socks = join(200)
        time.sleep(0.5)
        bench.record(MEMORY_TLS, OURS, number,
                     (server.private_kib() - before) / 200)
        leave(socks)


def ten_thousand(bench, number):
    """All are there at once, and then each says a line and ends."""
    sink = bench.fresh("sink")
    with bench.jobs() as jobs:
        server = Server(bench, jobs, ["-d", "--max-conns", "10000"],
                        os.open(sink, os.O_WRONLY | os.O_CREAT, 0o600))
        socks = server.join(10000)
        bench.record(CROWD, OURS, number, server.private_kib() / 1024)
        for sock in socks:
            sock.sendall(b"line\n")
            sock.shutdown(socket.SHUT_WR)
        for sock in socks:
            if sock.recv(1) != b"":
                raise Failure("no end for one of 10,000")
        leave(socks)
    if os.path.getsize(sink) != 50000:
        raise Failure(f"{os.path.getsize(sink)} bytes of 50,000")
    bench.sweep("sink")


def rise_limit():
    """Of this process, and so of all it starts."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def one_round(bench, number, descriptors):
    count = 1000 if bench.quick else 10000
    for tool in able("keep", number):
        rate = bench.attempt(f"at once {tool}", at_once, bench, tool,
                             count if tool != "socat" else count // 10)
        if rate:
            bench.record(AT_ONCE, tool, number, rate)
    share = 100 if bench.quick else 1000
    for tool, words in ((ALONE, (1, share, 1)), (OURS, (share, 1, share))):
        rate = bench.attempt(f"files {tool}", files, bench, *words)
        if rate:
            bench.record(FILES, tool, number, rate)
    bench.attempt("idle", pings, bench, lambda s: s.join(1000), IDLE, number)
    bench.attempt("stall", pings, bench, stall, STALL, number)
    bench.attempt("half-open", ping_half_open, bench, number)
    bench.attempt("idle memory", idle, bench, number)
    bench.attempt("idle TLS", idle_tls, bench, number)
    if descriptors >= 20000:
        bench.attempt("10,000", ten_thousand, bench, number)


def run(bench):
    descriptors = rise_limit()
    for number in bench.rounds(*(1, 30) if bench.quick else (5, 300)):
        one_round(bench, number, descriptors)
