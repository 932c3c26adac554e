#!/usr/bin/python3
"""Run a command for one client, with the socket as its stdin and stdout, and
keep the socket, as inetd(8) with wait does: inetd.py CMD..."""

import socket
import subprocess
import sys

door = socket.create_server(("127.0.0.1", 0))
sys.stderr.write("Listening on 127.0.0.1 %d\n" % door.getsockname()[1])
client, _ = door.accept()
door.close()
code = subprocess.call(sys.argv[1:], stdin=client, stdout=client)
print("exited", code, flush=True)
sys.stdin.read()
