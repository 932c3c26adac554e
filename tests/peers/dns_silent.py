#!/usr/bin/python3
"""A nameserver on 127.0.0.1 that takes questions and never answers.

    dns_silent.py [SECONDS ADDRESS]

Or only so late: with this IPv4 address, and with no IPv6 one. Prints a line for
each question.
"""

import socket
import sys
import threading


def answer(asked):
    """RFC 1035: the question again, and perhaps an A record."""
    end = asked.index(0, 12) + 5
    good = asked[end - 4:end - 2] == b"\0\1"
    record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(sys.argv[2])
    return (asked[:2] + b"\x81\x80\0\1" + (b"\0\1" if good else b"\0\0") +
            bytes(4) + asked[12:end] + (record if good else b""))


sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 53))
print("Listening on 127.0.0.1 53", file=sys.stderr, flush=True)
while True:
    question, peer = sock.recvfrom(4096)
    print(len(question), flush=True)
    if len(sys.argv) > 1:
        threading.Timer(float(sys.argv[1]), sock.sendto,
                        (answer(question), peer)).start()
