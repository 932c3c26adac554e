#!/usr/bin/python3
"""A client of a SOCKS 5 proxy for datagrams (RFC 1928, section 7).

    socks_udp.py PORT STEP...    asks the proxy at 127.0.0.1 for UDP ASSOCIATE

    to HOST PORT TEXT    a datagram through it    (4, 6: an address, else a name)
    cut HOST PORT TEXT   the same as a fragment
    raw HEX              a datagram to the proxy as it is
    take                 says `HOST PORT TEXT` of the next one
    stranger TEXT        another socket of ours sends to the proxy
    quiet S              nothing may come for S seconds: says `quiet` or `data`
    leave                ends the connection
    signal NAME PID      to the proxy: STOP, CONT
"""

import ipaddress
import os
import signal
import socket
import struct
import sys


def target(host, port):
    """ATYP, address and port."""
    try:
        address = ipaddress.ip_address(host)
        kind = 1 if address.version == 4 else 4
        return bytes([kind]) + address.packed + struct.pack(">H", int(port))
    except ValueError:
        return bytes([3, len(host)]) + host.encode() + \
            struct.pack(">H", int(port))


def associate(port):
    control = socket.create_connection(("127.0.0.1", port))
    control.sendall(b"\5\1\0")
    assert control.recv(2) == b"\5\0"
    control.sendall(b"\5\3\0\1" + bytes(6))
    answer = control.recv(10)
    if answer[1] != 0:
        sys.exit("refused: %d" % answer[1])
    return control, (socket.inet_ntoa(answer[4:8]),
                     struct.unpack(">H", answer[8:10])[0])


def main(port, *words):
    control, relay = associate(int(port))
    ours, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                   for _ in range(2))
    words = list(words)
    while words:
        step = words.pop(0)
        if step in ("to", "cut"):
            host, at, text = words.pop(0), words.pop(0), words.pop(0)
            ours.sendto(bytes([0, 0, step == "cut"]) + target(host, at)
                        + text.encode(), relay)
        elif step == "raw":
            ours.sendto(bytes.fromhex(words.pop(0)), relay)
        elif step == "take":
            data = ours.recv(65536)
            size = 4 if data[3] == 1 else 16
            print(ipaddress.ip_address(data[4:4 + size]),
                  *struct.unpack(">H", data[4 + size:6 + size]),
                  data[6 + size:].decode(), flush=True)
        elif step == "stranger":
            other.sendto(b"\0\0\0" + target("127.0.0.1", 9)
                         + words.pop(0).encode(), relay)
        elif step == "quiet":
            ours.settimeout(float(words.pop(0)))
            try:
                print("data", ours.recv(65536))
            except (TimeoutError, ConnectionRefusedError):
                print("quiet", flush=True)
            ours.settimeout(None)
        elif step == "leave":
            control.close()
        elif step == "signal":
            name = words.pop(0)
            os.kill(int(words.pop(0)), signal.Signals["SIG" + name])


main(*sys.argv[1:])
