"""Port scans of a network namespace's own loopback.

Each run gets a fresh namespace, which ends with it.
"""
import os

from harness import Bound, Measure
from tools import able, argv

ALL = Measure("65,535 closed ports", "s", "less")
PEAK = Measure("65,535 closed ports, peak memory", "KiB", "less")
FILTERED = Measure("1,000 filtered ports, -w1", "s", "less")
MIXED = Measure("65,535 ports, 1,000 of them filtered, -w1", "s", "less")
BOUNDS = [
    Bound("65,535 closed ports", ALL.name, "nc.openbsd", "<=", 1),
    Bound("65,535 closed ports", ALL.name, "nmap -sT", "<=", 0.5),
    Bound("1,000 filtered ports, -w1", FILTERED.name, None, "<", 1.3),
    Bound("65,535 ports, 1,000 filtered, -w1", MIXED.name, None, "<", 2.5),
    Bound("memory of a full scan, KiB", PEAK.name, None, "<", 8192),
]
JOBS = {"scan": ALL, "scan filtered": FILTERED, "scan mixed": MIXED}

NAMESPACE = r"""
ip link set lo up
test "$1" = scan || nft -f - <<'RULES'
table inet bench {
	chain input {
		type filter hook input priority 0
		tcp dport 1000-1999 tcp flags syn drop
	}
}
RULES
shift
exec "$@"
"""


def scan(bench, tool, job):
    """Seconds and peak memory of the scan alone, measured inside."""
    with bench.jobs() as jobs:
        inner = bench.fresh("job")
        jobs.start(["unshare", "-n", "sh", "-ec", NAMESPACE, "sh", job,
                    bench.helper("meter"), inner, "1", *argv(tool, job)])
        jobs.finish()
        jobs.jobs[0].usage()
        with open(inner) as line:
            start, end, _, _, _, peak = map(int, line.read().split())
        return (end - start) / 1e9, peak


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
