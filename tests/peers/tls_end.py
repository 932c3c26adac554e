#!/usr/bin/python3
"""tls_end.py CERTIFICATE: a TLS server that says `hello` and its close_notify in
one segment, without FIN, and then waits for the peer's close_notify: says `end`."""

import socket
import ssl
import sys

door = socket.create_server(("127.0.0.1", 0))
print("Listening on 127.0.0.1", door.getsockname()[1], file=sys.stderr)
sock, _ = door.accept()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(inward, outward, server_side=True)


def until_done(act):
    while True:
        try:
            return act()
        except ssl.SSLWantReadError:
            if outward.pending:
                sock.sendall(outward.read())
            inward.write(sock.recv(65536))


until_done(tls.do_handshake)
sock.sendall(outward.read())
tls.write(b"hello\n")
until_done(tls.unwrap)
print("end", flush=True)
