"""What every section needs: commands with a deadline, ports, records."""
import collections
import os
import select
import socket
import subprocess
import sys
import time

Measure = collections.namedtuple("Measure", "name unit better")  # more | less
Row = collections.namedtuple("Row", "measure tool round value")
Usage = collections.namedtuple("Usage", "start end status cpu_s peak_kib")
Bound = collections.namedtuple("Bound", "label measure peer op figure")

LISTENING = "0A"


class Failure(Exception):
    """A command that did not do what was asked; the run goes on."""


class Job:
    """One command under ./meter. Takes over the descriptors it is given."""

    def __init__(self, bench, argv, stdin, stdout, count=1):
        self.name = os.path.basename(argv[0])
        self.path = bench.fresh("job")
        argv = [bench.helper("meter"), self.path, str(count), *argv]
        with open(self.path + ".err", "w") as err:
            self.process = subprocess.Popen(
                argv, stdin=stdin, stdout=stdout, stderr=err)
        for fd in {stdin, stdout} - {subprocess.DEVNULL}:
            os.close(fd)

    def finish(self, deadline):
        pidfd = os.pidfd_open(self.process.pid)
        left = max(0, deadline - time.monotonic())
        ended = select.select([pidfd], [], [], left)[0]
        os.close(pidfd)
        if not ended:
            raise Failure(f"{self.name}: not done in time")
        self.process.wait()

    def usages(self):
        with open(self.path) as lines:
            rows = [[int(n) for n in line.split()] for line in lines]
        return [Usage(start / 1e9, end / 1e9, status, (user + system) / 1e6,
                      peak) for start, end, status, user, system, peak in rows]

    def usage(self):
        """Of a command that ran once and must have ended well."""
        usage = self.usages()[0]
        if usage.status != 0:
            raise Failure(f"{self.name}: status {usage.status:#x} "
                          + self.errors())
        return usage

    def errors(self):
        with open(self.path + ".err") as err:
            return err.read().strip()[-200:]


class Jobs:
    """The commands of one measurement; none outlives the with block."""

    def __init__(self, bench):
        self.bench, self.jobs = bench, []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for job in self.jobs:
            job.process.kill()      # meter's death is its command's too
            job.process.wait()
        self.bench.sweep("job")

    def start(self, argv, stdin=subprocess.DEVNULL,
              stdout=subprocess.DEVNULL, count=1):
        self.jobs.append(Job(self.bench, argv, stdin, stdout, count))
        return self.jobs[-1]

    def listen(self, transport, at, argv, stdin, stdout):
        job = self.start(argv, stdin, stdout)
        deadline = time.monotonic() + 5
        while not is_open(transport, at):
            if job.process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"{job.name}: does not listen {job.errors()}")
            time.sleep(0.0005)
        return job

    def finish(self):
        deadline = self.bench.deadline()
        for job in self.jobs:
            job.finish(deadline)


class Bench:
    """Sizes, scratch room and the rows of one run."""

    def __init__(self, root, scratch, quick, mib):
        self.root, self.scratch = root, scratch
        self.quick, self.mib = quick, mib   # mib: of the file that is sent
        self.build = os.path.join(root, "build", "bench")
        self.patience_s = 15 if quick else 90
        self.rows, self.notes, self.number = [], [], 0
        self.idle_in, self.idle_out = os.pipe()

    def deadline(self):
        return time.monotonic() + self.patience_s

    def helper(self, name):
        return os.path.join(self.build, name)

    def fresh(self, stem):
        self.number += 1
        return os.path.join(self.scratch, f"{stem}{self.number}")

    def sweep(self, stem):
        for name in os.listdir(self.scratch):
            if name.startswith(stem):
                os.unlink(os.path.join(self.scratch, name))

    def idle(self):
        """A stdin that stays open and silent, as a terminal does."""
        return os.dup(self.idle_in)

    def jobs(self):
        return Jobs(self)

    def record(self, measure, tool, number, value):
        self.rows.append(Row(measure, tool, number, value))

    def attempt(self, what, action, *arguments):
        """The action's result, or None and a note."""
        try:
            return action(*arguments)
        except Failure as failure:
            self.notes.append(f"{what}: {failure}")
            print("!!", self.notes[-1], file=sys.stderr)
            return None

    def rounds(self, count, budget_s):
        """Round numbers, until count or time is used up; at least one."""
        start = time.monotonic()
        for number in range(1, count + 1):
            print(f"   round {number} of {count}", file=sys.stderr)
            yield number
            spent = time.monotonic() - start
            if spent + spent / number > budget_s:
                return


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sockets(protocol, port):
    """The rows of /proc/net/{tcp,udp}{,6} with this local port, split."""
    found = []
    for table in (protocol, protocol + "6"):
        with open("/proc/net/" + table) as lines:
            rows = [line.split() for line in lines][1:]
        found += [r for r in rows if r[1].endswith(f":{port:04X}")]
    return found


def is_open(transport, at):
    """Would a connect (a datagram) find the listener?"""
    if transport == "unix":
        with open("/proc/net/unix") as lines:
            rows = [line.split() for line in lines]
        return any(r[-1] == at and r[3] == "00010000" for r in rows)
    rows = sockets(transport, at)
    return any(transport == "udp" or r[3] == LISTENING for r in rows)
