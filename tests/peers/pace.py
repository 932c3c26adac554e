#!/usr/bin/python3
"""pace.py receive: takes one connection to its end and tells how fast it was:
bytes N rate BYTES-A-SECOND worst BYTES-IN-100-MS
"""
import socket
import sys
import time

listener = socket.create_server(("127.0.0.1", 0))
print("Listening on 127.0.0.1", listener.getsockname()[1],
      file=sys.stderr, flush=True)
peer, _ = listener.accept()
room = bytearray(1 << 20)
begin = time.monotonic()
moments, totals = [begin], [0]
while True:
    size = peer.recv_into(room)
    if size == 0:
        break
    moments.append(time.monotonic())
    totals.append(totals[-1] + size)
worst = first = 0
for last, moment in enumerate(moments):
    while moment - moments[first] > 0.1:
        first += 1
    worst = max(worst, totals[last] - totals[max(first - 1, 0)])
print("bytes", totals[-1], "rate", round(totals[-1] / (moments[-1] - begin)),
      "worst", worst)
