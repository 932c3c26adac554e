#!/usr/bin/python3
"""Datagram boundaries, both ways: udp_sizes.py SIZE... -- CLIENT...

Runs CLIENT with the port of a UDP socket as its last argument.  For each SIZE
one write of so many bytes to its stdin must arrive as one datagram; it is sent
back and must come out of its stdout.  Size 0 is only sent back.  Says
`SIZE SIZE SIZE` (written, in the datagram, at stdout) for each.
"""

import os
import select
import socket
import subprocess
import sys


def read_to(pipe, size):
    data = b""
    while len(data) < size and select.select([pipe], [], [], 10)[0]:
        data += os.read(pipe, size - len(data))
    return data


def main(words):
    cut = words.index("--")
    sizes, command = map(int, words[:cut]), words[cut + 1:]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(10)
    command.append(str(sock.getsockname()[1]))
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    client = None
    for size in sizes:
        sent = os.urandom(size)
        came = b""
        if size:
            os.write(child.stdin.fileno(), sent)
            came, client = sock.recvfrom(65536)
        sock.sendto(sent, client)
        back = read_to(child.stdout.fileno(), size)
        print(size, len(came), len(back), "" if sent == back else "differ")
        if came != sent:
            break
    child.stdin.close()
    sys.exit(child.wait())


main(sys.argv[1:])
