#!/usr/bin/python3
"""Answer a question on the terminal: asked.py ANSWER CMD...

CMD's stdin, stdout and stderr stay as they are; ANSWER is typed on its
controlling terminal as soon as something was asked there.  Exits as CMD does.
"""

import fcntl
import os
import sys
import termios


def main(answer, *command):
    master, slave = os.openpty()
    child = os.fork()
    if child == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        os.closerange(master, slave + 1)
        os.execv(command[0], command)
    while not os.read(master, 1000).rstrip().endswith(b":"):
        pass
    os.write(master, answer.encode() + b"\n")
    os.close(slave)
    try:
        while os.read(master, 1000):
            pass
    except OSError:     # the terminal's last user left
        pass
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(128 - code if code < 0 else code)


main(*sys.argv[1:])
