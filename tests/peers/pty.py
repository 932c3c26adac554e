#!/usr/bin/python3
"""Run a command whose stdin is a terminal: pty.py [-t TEXT] CMD...

stdout and stderr stay as they are.  TEXT is typed once, if given; after that
the terminal stays open and idle.  Exits as the command does.
"""

import ctypes
import os
import signal
import subprocess
import sys


def die_with_parent():
    os.setsid()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def main(words):
    text = b""
    if words[0] == "-t":
        text = words[1].encode().decode("unicode_escape").encode()
        words = words[2:]
    master, slave = os.openpty()
    child = subprocess.Popen(words, stdin=slave, preexec_fn=die_with_parent)
    os.close(slave)
    os.write(master, text)
    code = child.wait()
    sys.exit(128 - code if code < 0 else code)


main(sys.argv[1:])
