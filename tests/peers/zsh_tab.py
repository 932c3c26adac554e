"""What zsh shows when tab is pressed behind a line: zsh_tab.py FOLDER LINE.

FOLDER has the completion; the words shown are printed, without colours.
"""
import os
import re
import select
import sys
import time


def read_until(fd, mark, seconds):
    """What comes up to the mark, or within the time."""
    said, end = b"", time.monotonic() + seconds
    while mark not in said and time.monotonic() < end:
        if select.select([fd], [], [], 0.1)[0]:
            said += os.read(fd, 65536)
    return said


def main(folder, line):
    pid, fd = os.forkpty()
    if pid == 0:
        os.environ.update(TERM="dumb", HOME="/nonexistent", PS1="READY ")
        os.execlp("zsh", "zsh", "-f", "-i")
    setup = (f"fpath=({folder} $fpath); autoload -U compinit; "
             "compinit -D -u; LISTMAX=10000; "
             "zstyle ':completion:*' list-prompt ''; "
             "bindkey '^T' list-choices; bindkey '^Y' complete-word; "
             "PS1=DO''NE\n")
    os.write(fd, setup.encode())
    read_until(fd, b"DONE", 20)
    os.write(fd, line.encode() + b"\x19\x14")
    said = read_until(fd, b"\0", 2)
    print(re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", said).decode(errors="replace")
          .replace("\r", "\n"))
    os.write(fd, b"\x03exit\n")
    os.close(fd)


main(*sys.argv[1:])
