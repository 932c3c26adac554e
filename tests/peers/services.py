"""A UDP service that answers what its protocol has, and nothing else.

usage: services.py ntp|snmp|memcached PORT
"""
import socket
import struct
import sys
import time


def ntp(asked):
    """RFC 5905: mode 3 (client) is answered in its version, by mode 4."""
    if len(asked) < 48 or asked[0] & 7 != 3 or not 1 <= asked[0] >> 3 & 7 <= 4:
        return None
    now = struct.pack("!II", int(time.time()) + 2208988800, 0)
    return (bytes([asked[0] & 0x38 | 4, 10, 0, 0xec]) + bytes(8) + b"LOCL" +
            now + asked[40:48] + now + now)


def take(data, tag):
    """The content of a BER value of that tag, and what follows it."""
    if len(data) < 2 or data[0] != tag or data[1] > 127 or \
            len(data) < 2 + data[1]:
        raise ValueError
    return data[2:2 + data[1]], data[2 + data[1]:]


def ber(tag, *parts):
    content = b"".join(parts)
    return bytes([tag, len(content)]) + content


def snmp(asked):
    """RFC 3414, 4: who asks an engine of no name is told the name by a report."""
    message, rest = take(asked, 0x30)
    version, message = take(message, 0x02)
    header, message = take(message, 0x30)
    number, header = take(header, 0x02)
    size, header = take(header, 0x02)
    flags, header = take(header, 0x04)
    model, header = take(header, 0x02)
    security, message = take(message, 0x04)
    engine = take(take(security, 0x30)[0], 0x04)[0]
    scoped, message = take(message, 0x30)
    request = take(take(take(scoped, 0x04)[1], 0x04)[1], 0xa0)[0]
    identity = take(request, 0x02)[0]
    if rest or message or header or version != b"\3" or model != b"\3" or \
            engine or not flags[0] & 4 or int.from_bytes(size, "big") < 484:
        return None
    name = ber(0x04, b"\x80\0\0\0\5test")
    nothing, zero = ber(0x04), ber(0x02, b"\0")
    unknown_engines = bytes.fromhex("2b06010603 0f01010400")
    report = ber(0xa8, ber(0x02, identity), zero, zero, ber(0x30, ber(
        0x30, ber(0x06, unknown_engines), ber(0x41, b"\1"))))
    return ber(0x30, ber(0x02, version), ber(
        0x30, ber(0x02, number), ber(0x02, size), ber(0x04, b"\0"),
        ber(0x02, model)), ber(0x04, ber(
            0x30, name, zero, zero, nothing, nothing, nothing)), ber(
                0x30, name, nothing, report))


def memcached(asked):
    """Its protocol.txt: a frame of 8 bytes, datagram 0 of 1, then a line."""
    if asked[2:8] != b"\0\0\0\1\0\0" or asked[8:] != b"version\r\n":
        return None
    return asked[:8] + b"VERSION 1.6.0\r\n"


def main(protocol, port):
    answer = {"ntp": ntp, "snmp": snmp, "memcached": memcached}[protocol]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as served:
        served.bind(("127.0.0.1", int(port)))
        while True:
            asked, peer = served.recvfrom(65536)
            try:
                said = answer(asked)
            except (ValueError, IndexError):
                continue
            if said is not None:
                served.sendto(said, peer)


main(*sys.argv[1:])
