#!/usr/bin/python3
"""A TLS client that no library lets one be by accident.

    tls_foe.py keyupdates PORT COUNT
        Asks COUNT times for new keys, then waits for as many octets as COUNT
        answers have, but for the last (OpenSSL gives it with what comes next);
        says "after" and goes as it should.
    tls_foe.py hello PORT HOW [STEP]
        Gives the first 1, 1 + STEP ... octets of its first message and goes
        by HOW, fin or reset; each time anew.
"""
import ctypes
import socket
import ssl
import struct
import sys

KEY_UPDATE = 27     # octets of its record in TLS 1.3


def connect(port):
    return socket.create_connection(("127.0.0.1", int(port)), 10)


def key_updates(port, count):
    lib = ctypes.CDLL("libssl.so.3")
    for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
        getattr(lib, name).restype = ctypes.c_void_p
    method = ctypes.c_void_p(lib.TLS_client_method())
    context = ctypes.c_void_p(lib.SSL_CTX_new(method))
    session = ctypes.c_void_p(lib.SSL_new(context))
    peer = connect(port)
    peer.setblocking(True)
    lib.SSL_set_fd(session, peer.fileno())
    if lib.SSL_connect(session) != 1:
        sys.exit("no handshake")
    for _ in range(int(count)):
        if lib.SSL_key_update(session, 1) != 1 or \
                lib.SSL_do_handshake(session) != 1:
            sys.exit("no key update")
    peer.settimeout(10)
    seen = 0
    while seen < (int(count) - 1) * KEY_UPDATE:
        seen += len(peer.recv(65536))
    peer.setblocking(True)
    lib.SSL_write(session, b"after\n", 6)
    lib.SSL_shutdown(session)
    while peer.recv(65536):
        pass


def first_message():
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    session = context.wrap_bio(ssl.MemoryBIO(), outgoing,
                               server_hostname="localhost")
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


def hello(port, how, step=1):
    message = first_message()
    for size in range(1, len(message) + 1, int(step)):
        with connect(port) as peer:
            if how == "reset":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
            peer.sendall(message[:size])


{"keyupdates": key_updates, "hello": hello}[sys.argv[1]](*sys.argv[2:])
