#!/usr/bin/python3
"""A datagram socket on a path (or @abstract), that says who speaks to it.

    unix_peer.py PATH STEP...

    take N           take N datagrams; says `SENDER BYTES TEXT` for each
    reply TEXT       answer the last one heard
    to PATH TEXT     send TEXT to a socket
    sizes N,N,...    send datagrams of these sizes to the last one heard;
                     says `sent BYTES SHA`
    stall            wait until killed
"""

import hashlib
import os
import socket
import sys
import time


def name(path):
    return "\0" + path[1:] if path.startswith("@") else path


def say(*words):
    print(*words, flush=True)


def main(words):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(name(words[0]))
    print("Listening on", words[0], 0, file=sys.stderr, flush=True)
    words, sender = words[1:], None
    while words:
        step = words.pop(0)
        if step == "take":
            for _ in range(int(words.pop(0))):
                data, sender = sock.recvfrom(1 << 18)
                say(sender, len(data), data[:60].decode().strip())
        elif step == "reply":
            sock.sendto(words.pop(0).encode(), sender)
        elif step == "to":
            sock.sendto(words.pop(1).encode(), name(words.pop(0)))
        elif step == "sizes":
            digest, total = hashlib.sha256(), 0
            for size in map(int, words.pop(0).split(",")):
                data = os.urandom(size)
                sock.sendto(data, sender)
                digest.update(data)
                total += size
            say("sent", total, digest.hexdigest())
        elif step == "stall":
            while True:
                time.sleep(60)


main(sys.argv[1:])
