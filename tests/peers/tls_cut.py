#!/usr/bin/python3
"""Does to TLS connections on their way what a network or an enemy can do.

    tls_cut.py WHAT COUNT PORT WHOLE CMD...

A server on 127.0.0.1 PORT gives each client the bytes of the file WHOLE. CMD is
a client, run once for each act with @ replaced by the port of a relay, which
lets bytes of the server's pass up to a place and then does WHAT:

    records   ends the connection, at every record boundary in turn
    random    ends it, at COUNT random places
    flip      changes one bit, at COUNT random places

The last line says how many runs there were. It is a failure, and exit 1, when a
run ends with 0 and output that is not all of WHOLE, or when one that was not
touched ends otherwise.
"""

import os
import random
import socket
import subprocess
import sys
import threading
import time


def boundaries(data):
    at = 0
    while at + 5 <= len(data):
        at += 5 + int.from_bytes(data[at + 3:at + 5], "big")
        yield at


class Relay:
    """One connection at a time; what the server said is in self.said."""

    def __init__(self, target):
        self.target = target
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]

    def upward(self, client, server):
        try:
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(self, place, flip):
        client, _ = self.door.accept()
        server = socket.create_connection(("127.0.0.1", self.target))
        up = threading.Thread(target=self.upward, args=(client, server))
        up.start()
        self.said = b""
        try:
            while data := server.recv(65536):
                data = self.touch(data, place, flip)
                self.said += data
                client.sendall(data)
                if not flip and place is not None and len(self.said) >= place:
                    break
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        up.join(10)
        client.close()
        server.close()

    def touch(self, data, place, flip):
        if place is None:
            return data
        here = place - len(self.said)
        if not flip:
            return data[:here]
        if 0 <= here < len(data):
            data = bytearray(data)
            data[here] ^= 1
        return bytes(data)


def run(relay, command, place=None, flip=False):
    serving = threading.Thread(target=relay.serve, args=(place, flip))
    serving.start()
    words = [word.replace("@", str(relay.port)) for word in command]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    serving.join(10)
    return done.returncode, done.stdout


def main(what, count, port, whole, *command):
    whole = open(whole, "rb").read()
    relay = Relay(int(port))
    if run(relay, command) != (0, whole):
        sys.exit("untouched, it fails")
    size = len(relay.said)
    seed = os.environ.get("SEED") or str(time.time_ns())
    print(f"seed: SEED={seed}")
    random.seed(seed)
    places = list(boundaries(relay.said)) if what == "records" else \
        [random.randrange(size) for _ in range(int(count))]
    bad = 0
    for place in places:
        code, output = run(relay, command, place, what == "flip")
        if (code == 0 and output != whole) or not whole.startswith(output) or \
                (code == 0 and place < size) or code < 0:
            print(f"{what} at {place} of {size}: exit {code}, "
                  f"{len(output)} of {len(whole)} bytes")
            bad += 1
    print(f"{len(places)} runs, {bad} bad")
    sys.exit(bad > 0)


main(*sys.argv[1:])
