"""Port scans of a network namespace's own loopback.

Each run gets a fresh namespace, which ends with it.
"""
import contextlib
import os
import socket
import time

from harness import Bound, Failure, Measure, free_port
from tools import OURS, able, argv, program

ALL = Measure("65,535 closed ports", "s", "less")
PEAK = Measure("65,535 closed ports, peak memory", "KiB", "less")
FILTERED = Measure("1,000 filtered ports, -w1", "s", "less")
MIXED = Measure("65,535 ports, 1,000 of them filtered, -w1", "s", "less")
HOSTS = Measure("256 hosts x 10 ports, 5 % open, the rest silent, -w1", "s",
                "less")
LOSSY = Measure("the same with 2 % loss", "s", "less")
LAST = Measure("--wait of 20 ports: after the last has come", "s", "less")
BOUNDS = [
    Bound("65,535 closed ports", ALL.name, "nc.openbsd", "<=", 0.6),
    Bound("65,535 closed ports", ALL.name, "nmap -sT", "<=", 0.5),
    Bound("1,000 filtered ports, -w1", FILTERED.name, None, "<", 1.3),
    Bound("65,535 ports, 1,000 filtered, -w1", MIXED.name, None, "<", 2.5),
    Bound("256 hosts x 10 ports, -w1", HOSTS.name, None, "<", 1.5),
    Bound("the same with 2 % loss", LOSSY.name, None, "<", 1.5),
    Bound("--wait of 20 ports, after the last", LAST.name, None, "<", 1.1),
    Bound("memory of a full scan, KiB", PEAK.name, None, "<", 8192),
]
RIGHT = "128 open, 0 closed, 0 unreachable, 2432 filtered, 0 not tested"
JOBS = {"scan": ALL, "scan filtered": FILTERED, "scan mixed": MIXED,
        "scan hosts": HOSTS, "scan lossy": LOSSY}

NAMESPACE = r"""
ip link set lo up
case $1 in
*filtered | *mixed) nft -f - <<'RULES' ;;
table inet bench {
	chain input {
		type filter hook input priority 0
		tcp dport 1000-1999 tcp flags syn drop
	}
}
RULES
*hosts | *lossy)
	ip route add local 10.7.0.0/24 dev lo
	nft -f - <<'RULES'
table inet bench {
	chain input {
		type filter hook input priority 0
		ip daddr 10.7.0.0/24 tcp dport 3001-3009 drop
		ip daddr & 0.0.0.1 == 0.0.0.1 tcp dport 3000 drop
	}
}
RULES
	test "$1" = "scan hosts" || nft add chain inet bench loss \
	    '{ type filter hook prerouting priority -300;
	    ip daddr 10.7.0.0/24 numgen random mod 100 < 2 drop; }'
	"$NC_LITE" -lkd 0.0.0.0 3000 >/dev/null 2>&1 &
	"$NC_LITE" -z --wait 10.7.0.2 3000
	;;
esac
shift
exec "$@"
"""


def scan(bench, tool, job):
    """Seconds and peak memory of the scan alone, measured inside."""
    words = argv(tool, job)
    if job in ("scan hosts", "scan lossy"):
        words = ["sh", "-c", '"$@" 2>&1 | tail -n 1 | grep -q "' + RIGHT + '"',
                 "sh", *words]
    with bench.jobs() as jobs:
        inner = bench.fresh("job")
        jobs.start(["unshare", "-npf", "--kill-child", "sh", "-ec",
                    NAMESPACE, "sh", job, bench.helper("meter"), inner, "1", *words])
        jobs.finish()
        jobs.jobs[0].usage()
        with open(inner) as line:
            start, end, status, _, _, peak = map(int, line.read().split())
        if status != 0 and job in ("scan hosts", "scan lossy"):
            raise Failure("wrong verdicts")
        return (end - start) / 1e9, peak


def wait_for_last(bench):
    """Twenty ports open one after another: what --wait takes after that."""
    with contextlib.ExitStack() as opened, bench.jobs() as jobs:
        ports = [free_port() for _ in range(20)]
        job = jobs.start([program(OURS), "-z", "--wait",
                          *(f"127.0.0.1:{port}" for port in ports)])
        for port in ports:
            time.sleep(0.1)
            opened.enter_context(socket.create_server(("127.0.0.1", port)))
        last = time.monotonic()
        jobs.finish()
        return job.usage().end - last


def run(bench):
    if os.geteuid() != 0:
        bench.notes.append("scan: not measured, network namespaces need root")
        return
    bench.patience_s = min(bench.patience_s, 10)
    for number in bench.rounds(*(1, 20) if bench.quick else (5, 90)):
        for job, measure in JOBS.items():
            for tool in able(job, number):
                result = bench.attempt(f"{job} {tool}", scan, bench, tool, job)
                if result:
                    bench.record(measure, tool, number, result[0])
                if result and job == "scan":
                    bench.record(PEAK, tool, number, result[1])
        late = bench.attempt("--wait", wait_for_last, bench)
        if late:
            bench.record(LAST, OURS, number, late)
