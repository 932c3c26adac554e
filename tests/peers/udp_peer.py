#!/usr/bin/python3
"""UDP sockets that do as they are told, step by step.

    udp_peer.py accept STEP...          socket a, bound to a free port
    udp_peer.py connect PORT STEP...    sockets a and b, which talk to PORT

Options before the steps: -6 (use ::1), -s ADDRESS (bind, or talk to ADDRESS).

    a TEXT, b TEXT   send a datagram from that socket (\\xff escapes)
    take N           take N datagrams; says `SOCKET BYTES TEXT-OR-SHA` for each
    late S           as take 1, but says `SOCKET SECONDS` since the last datagram
    reply TEXT       answer the last one heard
    sizes N,N,...    send datagrams of these sizes    says `sent BYTES SHA`
    burst N SIZE     send N datagrams, as fast as the receiver's queue in the
                     kernel has room: a loss is its program's    says the same
    fit N,N,...      send a datagram of each size, and take one for each: says
                     their sizes
    flow N M         send N datagrams, take as many, at most M on their way:
                     says whether they came in their order
    echo             answer each with itself in <>, until killed
    quiet S          nothing may come for S seconds: says `quiet` or `data`
    pause S          wait S seconds
    stall            wait until killed
"""

import codecs
import hashlib
import select
import socket
import sys
import time

ROOM = 32768    # bytes that may wait in the receiver's queue when we send


def say(*words):
    print(*words, flush=True)


def queued(port):
    """Bytes that wait in the kernel for the UDP socket on PORT."""
    total = 0
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        with open(table, encoding="ascii") as lines:
            for words in map(str.split, lines):
                if words[1].endswith(":%04X" % port):
                    total = max(total, int(words[4].split(":")[1], 16))
    return total


class Peer:
    def __init__(self, sockets, target):
        self.sockets = sockets
        self.target = target
        self.last = sockets.get("a"), target

    def step_a(self, text):
        self.send("a", codecs.escape_decode(text.encode())[0])

    def step_b(self, text):
        self.send("b", codecs.escape_decode(text.encode())[0])

    def send(self, name, data):
        self.sockets[name].sendto(data, self.target)

    def next(self):
        ready = select.select(list(self.sockets.values()), [], [])[0][0]
        data, source = ready.recvfrom(65536)
        self.last = ready, source
        name = [n for n, sock in self.sockets.items() if sock is ready][0]
        return name, data

    def step_take(self, count):
        for _ in range(int(count)):
            name, data = self.next()
            text = data.decode("ascii", "replace").strip()
            if len(data) > 60 or not text.isprintable():
                text = hashlib.sha256(data).hexdigest()
            say(name, len(data), text)

    def step_late(self):
        begin = time.monotonic()
        say(self.next()[0], "%.1f" % (time.monotonic() - begin))

    def step_reply(self, text):
        sock, source = self.last
        sock.sendto(codecs.escape_decode(text.encode())[0], source)

    def series(self, sizes, pace):
        """Send to whom we heard last; every datagram begins with its number."""
        sock, where = self.last
        digest, total = hashlib.sha256(), 0
        for number, size in enumerate(sizes):
            if number % 20 == 0:
                pace(where[1])
            data = (b"%08d" % number + b"." * size)[:size]
            sock.sendto(data, where)
            digest.update(data)
            total += size
        say("sent", total, digest.hexdigest())

    def step_sizes(self, sizes):
        self.series(map(int, sizes.split(",")), lambda port: None)

    def step_burst(self, count, size):
        def pace(port):
            while queued(port) > ROOM:
                time.sleep(0.0005)
        self.series([int(size)] * int(count), pace)

    def step_fit(self, sizes):
        got = []
        for size in sizes.split(","):
            self.send("a", b"." * int(size))
            got.append(len(self.next()[1]))
        say(*got)

    def step_flow(self, count, window):
        count, got = int(count), []
        for number in range(count):
            self.send("a", b"%d" % number)
            if number + 1 >= int(window):
                got.append(self.next()[1])
        while len(got) < count:
            got.append(self.next()[1])
        good = got == [b"<%d>" % number for number in range(count)]
        say(count, "in order" if good else "not in order")

    def step_echo(self):
        while True:
            data = self.next()[1]
            sock, source = self.last
            sock.sendto(b"<%s>" % data, source)

    def step_quiet(self, seconds):
        socks = list(self.sockets.values())
        ready = select.select(socks, [], [], float(seconds))[0]
        say("data" if ready else "quiet")

    def step_pause(self, seconds):
        time.sleep(float(seconds))

    def step_stall(self):
        while True:
            time.sleep(60)

    def steps(self, words):
        while words:
            step = getattr(self, "step_" + words.pop(0))
            operands = step.__code__.co_argcount - 1
            step(*[words.pop(0) for _ in range(operands)])


def main(words):
    role = words.pop(0)
    port = int(words.pop(0)) if role == "connect" else 0
    family, host = socket.AF_INET, "127.0.0.1"
    while words[0].startswith("-"):
        option = words.pop(0)
        if option == "-6":
            family, host = socket.AF_INET6, "::1"
        elif option == "-s":
            host = words.pop(0)
    sockets = {"a": socket.socket(family, socket.SOCK_DGRAM)}
    sockets["a"].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    if role == "accept":
        sockets["a"].bind((host, 0))
        print("Listening on", host, sockets["a"].getsockname()[1],
              file=sys.stderr, flush=True)
    else:
        sockets["b"] = socket.socket(family, socket.SOCK_DGRAM)
    Peer(sockets, (host, port)).steps(words)


main(sys.argv[1:])
