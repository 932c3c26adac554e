#!/usr/bin/python3
"""One end of one TCP connection that does as it is told, step by step.

    peer.py accept STEP...              listen on a free port, take one client
    peer.py connect PORT STEP...        be the client of 127.0.0.1
    peer.py hold                        keep a port on which nothing listens
    peer.py crowd PORT N                make N connections, hold them; says how many

Options before the steps: -6 (use ::1), -b BYTES (receive buffer).

    read N         read N bytes                  says `read N`
    readall        read to the end               says `fin N SHA` or `reset N SHA`
    text           read to the end               says what came
    hex N          read N bytes                  says them in hex
    chunks         read to the end               says `SECONDS BYTES` for each read
    slowly N       read to the end with a pause every N bytes; says as readall
    quiet S        nothing may come for S seconds: says `quiet`, `data` or `fin`
    say TEXT       send TEXT (with \\r \\n \\xff escapes)
    urgent TEXT    send TEXT, its last octet as urgent data
    send N         send N bytes of a pattern     says `sent N SHA` or `broken N`
    trickle TEXT   send TEXT byte for byte, with small pauses
    acked          wait until all that was sent is acknowledged
    both N         send N bytes of a pattern and read to the end, both at once
    echo           send back what comes, to the end
    fin            shut down sending
    reset          end it all with RST
    pause S        wait S seconds
    stall          do nothing any more, connection open, until killed
"""

import codecs
import fcntl
import hashlib
import socket
import struct
import sys
import termios
import threading
import time

SIOCOUTQ = termios.TIOCOUTQ


def say(*words):
    print(*words, flush=True)


class Peer:
    def __init__(self, sock):
        self.sock = sock
        self.broken = False

    def pattern(self, size):
        """Bytes that differ at every place where pieces could be swapped."""
        block = b"".join(struct.pack(">I", i) for i in range(1 << 16))
        while size > 0:
            yield block[:size]
            size -= len(block)

    def step_read(self, size):
        left = int(size)
        while left > 0:
            data = self.sock.recv(min(left, 65536))
            if not data:
                break
            left -= len(data)
        say("read", int(size) - left)

    def step_hex(self, size):
        data = b""
        while len(data) < int(size):
            more = self.sock.recv(int(size) - len(data))
            if not more:
                break
            data += more
        say(data.hex())

    def to_the_end(self, each=lambda data: None):
        count, digest, how = 0, hashlib.sha256(), "fin"
        try:
            while True:
                data = self.sock.recv(65536)
                if not data:
                    break
                count += len(data)
                digest.update(data)
                each(data)
        except ConnectionResetError:
            how = "reset"
        if self.broken:
            how = "reset"
        say(how, count, digest.hexdigest())

    def step_readall(self):
        self.to_the_end()

    def step_text(self):
        while data := self.sock.recv(65536):
            sys.stdout.write(data.decode())
        sys.stdout.flush()

    def step_chunks(self):
        begin = time.monotonic()
        self.to_the_end(
            lambda data: say("%.1f" % (time.monotonic() - begin), len(data)))

    def step_slowly(self, size):
        seen = [0]

        def pause(data):
            seen[0] += len(data)
            if seen[0] >= int(size):
                seen[0] = 0
                time.sleep(0.02)
        self.to_the_end(pause)

    def step_quiet(self, seconds):
        self.sock.settimeout(float(seconds))
        try:
            say("data" if self.sock.recv(1, socket.MSG_PEEK) else "fin")
        except socket.timeout:
            say("quiet")
        except ConnectionResetError:
            self.broken = True
            say("reset")
        self.sock.settimeout(None)

    def step_say(self, text):
        self.sock.sendall(codecs.escape_decode(text.encode())[0])

    def step_urgent(self, text):
        self.sock.send(codecs.escape_decode(text.encode())[0], socket.MSG_OOB)

    def step_send(self, size):
        digest, count = hashlib.sha256(), 0
        try:
            for block in self.pattern(int(size)):
                self.sock.sendall(block)
                digest.update(block)
                count += len(block)
            say("sent", count, digest.hexdigest())
        except (ConnectionResetError, BrokenPipeError):
            self.broken = True
            say("broken", count)

    def step_trickle(self, text):
        for byte in codecs.escape_decode(text.encode())[0]:
            self.sock.sendall(bytes([byte]))
            time.sleep(0.005)

    def step_acked(self):
        for _ in range(1000):
            left = fcntl.ioctl(self.sock, SIOCOUTQ, b"0000")
            if struct.unpack("i", left)[0] == 0:
                break
            time.sleep(0.005)

    def step_both(self, size):
        def send():
            self.step_send(size)
            self.sock.shutdown(socket.SHUT_WR)
        thread = threading.Thread(target=send)
        thread.start()
        self.to_the_end()
        thread.join()

    def step_echo(self):
        self.to_the_end(self.sock.sendall)

    def step_fin(self):
        self.sock.shutdown(socket.SHUT_WR)

    def step_reset(self):
        self.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

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


def hold():
    sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", 0))
    announce("not listening on", sock)
    time.sleep(1000)


def crowd(port, size):
    socks = []
    for _ in range(size):
        try:
            socks.append(socket.create_connection(("127.0.0.1", port), 3))
        except OSError:
            break
    say(len(socks))


def announce(what, sock):
    # In one write: who waits for the words wants the port as well.
    host, port = sock.getsockname()[:2]
    print(f"{what} {host} {port}", file=sys.stderr, flush=True)


def main(words):
    role = words.pop(0)
    if role == "hold":
        hold()
    if role == "crowd":
        return crowd(int(words[0]), int(words[1]))
    port = int(words.pop(0)) if role == "connect" else 0
    family, host, buffer = socket.AF_INET, "127.0.0.1", 0
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "-6":
            family, host = socket.AF_INET6, "::1"
        elif option == "-b":
            buffer = int(words.pop(0))
    sock = socket.socket(family, socket.SOCK_STREAM)
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    if role == "accept":
        sock.bind((host, port))
        sock.listen()
        announce("Listening on", sock)
        listener, (sock, _) = sock, sock.accept()
        listener.close()
    else:
        sock.connect((host, port))
    Peer(sock).steps(words)


main(sys.argv[1:])
