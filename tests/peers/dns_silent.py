#!/usr/bin/python3
"""A nameserver on 127.0.0.1 that takes questions and never answers.

Prints a line for each question.
"""

import socket
import sys

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 53))
print("Listening on 127.0.0.1 53", file=sys.stderr, flush=True)
while True:
    print(len(sock.recv(4096)), flush=True)
