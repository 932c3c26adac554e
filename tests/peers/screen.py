#!/usr/bin/python3
"""screen.py COLUMNS[,COLUMNS...] CMD...: CMD with stderr on a terminal of so
many columns, which is resized every half a second through the list.

Everything written there goes to stdout as frames, one a line: what is drawn
over by a carriage return is a frame of its own, after the width it was drawn
at and a blank. Exits as the command does.
"""
import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time


def resize(master, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, columns, 0, 0))


def main(widths, words):
    widths = [int(width) for width in widths.split(",")]
    master, slave = os.openpty()
    resize(master, widths[0])
    child = subprocess.Popen(words, stderr=slave)
    os.close(slave)
    begin, now, seen = time.monotonic(), 0, b""
    while True:
        if select.select([master], [], [], 0.05)[0]:
            try:
                seen = os.read(master, 4096)
            except OSError:
                break
            for frame in seen.replace(b"\x1b[K", b"").split(b"\r"):
                print(widths[now], frame.decode().strip("\n"),
                      flush=True)
        step = min(int((time.monotonic() - begin) / 0.5), len(widths) - 1)
        if step != now:
            now = step
            resize(master, widths[now])
    code = child.wait()
    sys.exit(128 - code if code < 0 else code)


main(sys.argv[1], sys.argv[2:])
