"""What must hold, whatever befell one of the two ends."""

import re
import signal

BOUND = 20          # seconds that a run may take
CPU = 3             # seconds of processor time an end may use, strace included
ROUNDS = 400        # polls of the end that is attacked
STATUS = set(range(6)) | {126, 127}
DEADLY = {"SEGV", "ABRT", "BUS", "ILL", "FPE", "TRAP", "SYS"}
SLEEP = re.compile(r"^(nanosleep|clock_nanosleep|pause|select|pselect6)\(|"
                   r"^poll\(NULL, 0, [1-9]")


def name_of(code):
    return signal.Signals(-code).name[3:] if code < 0 else str(code)


def each_end(run, end):
    """What no end may do. (Without memory libbsd's arc4random leaves mute.)"""
    if end.late:
        yield f"hang: {end.name} still ran after {BOUND} s"
        return
    if end.cpu > CPU:
        yield f"spin: {end.name} used {end.cpu:.1f} s of the processor"
    if end.code < 0 and name_of(end.code) in DEADLY:
        yield f"crash: {end.name} died of {name_of(end.code)}"
    if end.code > 0 and end.code not in STATUS:
        yield f"status: {end.name} exited with {end.code}"
    if end.code > 0 and not end.end.quiet and not end.said and \
            run.fault.call not in ("write", "writev") and \
            str(run.fault).find("mmap/ENOMEM") == -1:
        yield f"mute: {end.name} exited with {end.code} without a word"


def outputs(run):
    """Exit 0 is the promise that the output is right."""
    kind, listen, client = run.kind, run.listen, run.clients[-1]
    if kind.proves == "none" or (kind.proves == "unix" and (
            listen.code or client.code or run.fault.fate in ("kill", "term"))):
        return
    for peer in run.clients:
        # The FIN of a listener that sends says nothing of what it received.
        if peer.code == 0 and peer.end.size and not kind.listen.size and \
                kind.proves != "here" and "echo" not in kind.seen and \
                not peer.right_there:
            yield (f"wrong: {peer.name} exited 0, but the listener's output "
                   f"has {listen.got} of {peer.end.size} bytes")
        if peer.code == 0 and not peer.right_here:
            yield f"wrong: {peer.name} exited 0 with an output of {peer.got}"
    for server in run.servers:
        if server.code == 0 and not client.right_there:
            yield (f"wrong: {server.name} exited 0, but the listener's output "
                   f"has {listen.got}")


def names(run):
    """What stands under the final name is whole; no socket is left."""
    for end in run.ends:
        if end.end.named and end.got and not run.clients[-1].right_there:
            yield f"name: {end.end.named} is there and not whole"
    if run.left and not run.fault.fate == "kill" and \
            run.fault.call not in ("unlink", "rmdir", "lstat", "newfstatat"):
        yield f"left: {' '.join(run.left)}"


def other_clients(run):
    """One client's trouble is not another's, nor the server's."""
    if len(run.clients) > 1 and run.fault.side == "client":
        if run.clients[1].code != 0:
            yield (f"others: the second client exited with "
                   f"{name_of(run.clients[1].code)}")
        for server in run.servers:
            if server.code not in (-signal.SIGTERM, 143):
                yield f"server: {server.name} ended with {name_of(server.code)}"


def trace(run):
    polls = 0
    for line in run.trace:
        polls += line.startswith(("poll(", "ppoll(", "epoll_wait("))
        if SLEEP.match(line):
            yield f"sleep: {line.split(' = ')[0][:60]}"
            break
    if polls > ROUNDS:
        yield f"spin: {polls} polls"


def without_fault(run):
    """Nothing was injected: all must be well."""
    if run.injected:
        return
    for end in run.ends:
        if end.code not in [0 if w == 0 else 128 - w for w in end.end.wanted]:
            yield f"status: nothing befell, {end.name} exited with {end.code}"


def broken(run):
    """All that did not hold, as sentences."""
    found = []
    for end in run.ends:
        found += each_end(run, end)
    for rule in (outputs, names, other_clients, trace, without_fault):
        found += rule(run)
    return found
