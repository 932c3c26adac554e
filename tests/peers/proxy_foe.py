#!/usr/bin/python3
"""A proxy that answers as no proxy should, and one that answers well, in pieces.

    proxy_foe.py WHAT PROTOCOL CMD...

CMD is a client that says "secret" to a target through the proxy on port @ of
127.0.0.1, run once for each case; PROTOCOL is 4, 5, 5p (with a password) or
connect. WHAT:

    pieces    good answers of every kind, in one piece, byte for byte, and with
              "hello" of the target in the same segment: exit 0 and only "hello"
              on stdout, and the target has "secret"
    cuts      a good answer that ends after each of its bytes, by FIN and by RST
    wrong     answers that are none: exit 1 (5 where it is about who we are)
    silent    no answer at all, and one that drips without end: exit 3

In all but the first nothing may be on stdout, no byte of "secret" may arrive, and
stderr is one line. The last line says how many runs there were.
"""

import socket
import struct
import subprocess
import sys
import threading
import time

IPV4 = b"\x01\x7f\0\0\1\0\x50"
IPV6 = b"\x04" + bytes(15) + b"\1\0\x50"


def name(length):
    return b"\x03" + bytes([length]) + b"n" * length + b"\0\x50"


OK = b"HTTP/1.1 200 Connection established\r\n\r\n"
GOOD = {
    "4": [[b"\0\x5a\0\0\0\0\0\0"], [b"\x04\x5a\x01\x02\x7f\0\0\1"]],
    "5": [[b"\5\0", b"\5\0\0" + bound] for bound in
          (IPV4, IPV6, name(0), name(1), name(255))],
    "5p": [[b"\5\2", b"\1\0", b"\5\0\0" + IPV4], [b"\5\0", b"\5\0\0" + IPV4],
           [b"\5\2", b"\5\0", b"\5\0\0" + IPV4]],
    "connect": [[answer] for answer in (
        OK, b"HTTP/1.0 200\r\n\r\n", b"HTTP/1.1 200 \n\n",
        b"HTTP/1.1   299   all  is  well\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nVia: a\r\n  folded\r\n"
        b"\t\r\nX:\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102\r\nA: b\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 10000 + b"\r\n",
        b"HTTP/1.1 200 " + b"long " * 5000 + b"\r\n\r\n")],
}
HTTP = b"HTTP/1.0 400 Bad\r\n\r\nnot a proxy"
WRONG = {
    "4": [(1, [b"\0" + bytes([code]) + bytes(6)]) for code in
          (0, 1, 89, 91, 94, 255)] +
         [(5, [b"\0" + bytes([code]) + bytes(6)]) for code in (92, 93)] +
         [(1, [HTTP]), (1, [b"\5\0\0\0\0\0\0\0"]), (1, [b"\x16\3\1\0\1\2\3\4"])],
    "5": [(1, [b"\5\0", b"\5" + bytes([code]) + b"\0" + IPV4])
          for code in list(range(1, 11)) + [0x5b, 255]] +
         [(1, [b"\5\0", b"\5\0\0" + bytes([kind]) + bytes(30)])
          for kind in (0, 2, 5, 255)] +
         [(1, [b"\5\1"]), (1, [b"\5\2"]), (1, [b"\5\x80"]), (5, [b"\5\xff"]),
          (1, [HTTP]), (1, [b"\0\x5a\0\0\0\0\0\0"]), (1, [b"\1\0"]),
          (1, [b"\6\0"]), (1, [b"\5\0", HTTP]), (1, [b"SSH-2.0-x\r\n"])],
    "5p": [(5, [b"\5\2", b"\1" + bytes([code])]) for code in (1, 2, 255)] +
          [(5, [b"\5\xff"]), (1, [b"\5\1"]), (1, [b"\5\2", b"H\0"])],
    "connect": [(1, [answer]) for answer in (
        b"HTTP/1.1 301 Moved\r\n\r\n", b"HTTP/1.1 403 Forbidden\r\n\r\n",
        b"HTTP/1.1 404\r\n\r\n", b"HTTP/1.0 500 \x1b[31m\r\n\r\n",
        b"HTTP/1.1 503 Unavailable\n\n", b"HTTP/1.1 999\n\n",
        b"HTTP/1.1 20\r\n\r\n", b"HTTP/1.1 2000\r\n\r\n", b"HTTP/1.1\r\n\r\n",
        b"HTTP/ 200\r\n\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n", b"\r\n\r\n",
        b"HTTP/1.1 -20 OK\r\n\r\n", b"http/1.1 200 OK\r\n\r\n",
        b"200 OK\r\n\r\n", b"\5\0", b"\0\x5a\0\0\0\0\0\0", b"\x16\3\1\0\1",
        b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20000,
        b"HTTP/1.1 200 OK\r\n" + b"A" * 100000, b"HTTP/1.1 100\r\n\r\n" * 9000,
        b"HTTP/1.1 200\0 OK\r\n\r\n"[:17] + b"\r" * 70000)] +
        [(5, [b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic\r\n\r\n"])],
}


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read_until(sock, end):
    data = b""
    while not data.endswith(end):
        data += read_exactly(sock, 1)
    return data


def read_request(sock, protocol, step):
    """What the client says before the step's answer."""
    if protocol == "connect":
        return read_until(sock, b"\r\n\r\n")
    if protocol == "4":
        data = read_exactly(sock, 8)
        data += read_until(sock, b"\0")
        if data[4:7] == bytes(3):
            data += read_until(sock, b"\0")
        return data
    if step == 0:
        head = read_exactly(sock, 2)
        return head + read_exactly(sock, head[1])
    head = read_exactly(sock, 1)
    if head == b"\1":
        for _ in range(2):
            head += read_exactly(sock, 1)
            head += read_exactly(sock, head[-1])
        return head
    head += read_exactly(sock, 3)
    size = {1: 4, 4: 16}.get(head[3])
    if size is None:
        head += read_exactly(sock, 1)
        size = head[4]
    return head + read_exactly(sock, size + 2)


class Foe:
    def __init__(self, protocol):
        self.protocol = protocol
        self.door = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.door.settimeout(5)

    def serve(self, answers, how, cut):
        """In a thread: self.got is what came where "secret" belongs."""
        self.got = b""
        try:
            sock, _ = self.door.accept()
        except socket.timeout:
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(10)
        try:
            for step, answer in enumerate(answers):
                read_request(sock, self.protocol, step)
                last = step == len(answers) - 1
                if cut is not None and cut < len(answer):
                    sock.sendall(answer[:cut])
                    break
                cut = None if cut is None else cut - len(answer)
                if how == "bytes" and len(answer) < 2000:
                    for octet in answer:
                        sock.sendall(bytes([octet]))
                        time.sleep(0.0005)
                else:
                    sock.sendall(answer + (b"hello" if last and how == "glued"
                                           else b""))
                if last and how == "bytes":
                    sock.sendall(b"hello")
            if how == "drip":
                while True:
                    sock.sendall(b"X: y\r\n" if self.protocol == "connect"
                                 else b"")
                    time.sleep(0.05)
            if how == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
            elif how != "open":
                sock.shutdown(socket.SHUT_WR)
            if how != "reset":
                while data := sock.recv(4096):
                    self.got += data
        except (EOFError, OSError):
            pass
        sock.close()

    def run(self, command, answers, how, cut=None):
        thread = threading.Thread(target=self.serve, args=(answers, how, cut))
        thread.start()
        port = str(self.door.getsockname()[1])
        done = subprocess.run([word.replace("@", port) for word in command],
                              input=b"secret", timeout=20,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        thread.join(15)
        return done


def cases(what, protocol):
    """(exit code, answers, how, cut): all that is to be tried."""
    if what == "pieces":
        for answers in GOOD[protocol]:
            yield 0, answers, "bytes", None
            yield 0, answers, "glued", None
    elif what == "cuts":
        answers = GOOD[protocol][0]
        for cut in range(sum(map(len, answers))):
            yield 1, answers, "fin", cut
            yield 1, answers, "reset", cut
    elif what == "wrong":
        for code, answers in WRONG[protocol]:
            yield code, answers, "open", None
    else:
        answers = GOOD[protocol][0]
        for step in range(len(answers)):
            yield 3, answers[:step] + [b""], "open", None
        yield 3, [b"HTTP/1.1 200 OK\r\n" if protocol == "connect" else b""], \
            "drip", None


def main(what, protocol, *command):
    foe = Foe(protocol)
    bad = runs = 0
    for code, answers, how, cut in cases(what, protocol):
        done = foe.run(command, answers, how, cut)
        good = done.returncode == code
        if code == 0:
            good &= done.stdout == b"hello" and foe.got == b"secret"
        else:
            good &= done.stdout == b"" and b"s" not in foe.got and \
                done.stderr.count(b"\n") == 1
        runs += 1
        if not good:
            bad += 1
            print(f"{str(answers)[:200]} {how} {cut}: exit {done.returncode} "
                  f"for {code}, stdout {done.stdout[:40]}, the target "
                  f"{foe.got[:40]}, stderr {done.stderr.decode()}")
    print(f"{runs} runs, {bad} bad")
    sys.exit(bad > 0)


main(*sys.argv[1:])
