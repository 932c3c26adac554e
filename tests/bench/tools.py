"""The programs compared, and the words each needs to do the same thing.

{at} is the port or the path, {cert} a certificate and its key in one file,
{target} the port that is forwarded to, {config} a file that says all that.
What a program cannot do has no row.
"""
import os
import shutil

OURS = "nc-lite"

SOCAT = {
    "tcp send": "socat -u - TCP:127.0.0.1:{at}",
    "tcp receive": "socat -u TCP-LISTEN:{at},reuseaddr -",
    "unix send": "socat -u - UNIX-CONNECT:{at}",
    "unix receive": "socat -u UNIX-LISTEN:{at} -",
    "ask": "socat - TCP:127.0.0.1:{at}",
    "answer": "socat TCP-LISTEN:{at},reuseaddr -",
    "test port": "socat -u /dev/null TCP:127.0.0.1:{at}",
    "keep": "socat -u TCP-LISTEN:{at},reuseaddr,fork -",
    "udp": "socat -u UDP4-RECV:{at} -",
    "tls send": "socat -u - OPENSSL:127.0.0.1:{at},verify=0",
    "tls receive": "socat -u OPENSSL-LISTEN:{at},reuseaddr,cert={cert},"
                   "verify=0 -",
    "tls keep": "socat -u OPENSSL-LISTEN:{at},reuseaddr,fork,cert={cert},"
                "verify=0 -",
    "forward udp": "socat UDP4-LISTEN:{at},bind=127.0.0.1,fork "
                   "UDP:127.0.0.1:{target}",
    "forward": "socat TCP-LISTEN:{at},reuseaddr,fork,backlog=1000 "
               "TCP:127.0.0.1:{target}",
}

TOOLS = {
    OURS: {
        "tcp send": "nc-lite -N 127.0.0.1 {at}",
        "tcp receive": "nc-lite -l -d {at}",
        "unix send": "nc-lite -N -U {at}",
        "unix receive": "nc-lite -l -d -U {at}",
        "ask": "nc-lite 127.0.0.1 {at}",
        "answer": "nc-lite -l {at}",
        "test port": "nc-lite -z 127.0.0.1 {at}",
        "keep": "nc-lite -l -k -d {at}",
        "udp": "nc-lite -u -l {at}",
        "tls send": "nc-lite -c --ca {cert} 127.0.0.1 {at}",
        "tls receive": "nc-lite -lcd --cert {cert} {at}",
        "tls keep": "nc-lite -lkcd --cert {cert} {at}",
        "forward": "nc-lite -lk --max-conns 2000 --forward 127.0.0.1:{target} "
                   "127.0.0.1 {at}",
        "forward udp": "nc-lite -u -lk --forward 127.0.0.1:{target} "
                       "127.0.0.1 {at}",
        "socks": "nc-lite -lk --proxy-server 127.0.0.1 {at}",
        "scan": "nc-lite -z 127.0.0.1 1-65535",
        "scan filtered": "nc-lite -z -w1 127.0.0.1 1000-1999",
        "scan mixed": "nc-lite -z -w1 127.0.0.1 1-65535",
        "scan hosts": "nc-lite -zv --any -w1 10.7.0.0/24:3000-3009",
        "scan lossy": "nc-lite -zv --any -w1 10.7.0.0/24:3000-3009",
    },
    "nc.openbsd": {
        "tcp send": "nc.openbsd -N 127.0.0.1 {at}",
        "tcp receive": "nc.openbsd -l -d {at}",
        "unix send": "nc.openbsd -N -U {at}",
        "unix receive": "nc.openbsd -l -d -U {at}",
        "ask": "nc.openbsd 127.0.0.1 {at}",
        "answer": "nc.openbsd -l {at}",
        "test port": "nc.openbsd -z 127.0.0.1 {at}",
        "keep": "nc.openbsd -l -k -d {at}",
        "udp": "nc.openbsd -u -l {at}",
        "scan": "nc.openbsd -z 127.0.0.1 1-65535",
    },
    "nc.traditional": {
        "tcp send": "nc.traditional -q0 127.0.0.1 {at}",
        "tcp receive": "nc.traditional -l -p {at}",
        "ask": "nc.traditional 127.0.0.1 {at}",
        "answer": "nc.traditional -l -p {at}",
        "test port": "nc.traditional -z 127.0.0.1 {at}",
        "udp": "nc.traditional -u -l -p {at}",
    },
    "ncat": {
        "tcp send": "ncat --send-only 127.0.0.1 {at}",
        "tcp receive": "ncat -l --recv-only {at}",
        "unix send": "ncat --send-only -U {at}",
        "unix receive": "ncat -l --recv-only -U {at}",
        "ask": "ncat 127.0.0.1 {at}",
        "answer": "ncat -l {at}",
        "test port": "ncat -z 127.0.0.1 {at}",
        "keep": "ncat -l -k --recv-only {at}",
        "udp": "ncat -u -l --recv-only {at}",
        "tls send": "ncat --ssl --send-only 127.0.0.1 {at}",
        "tls receive": "ncat -l --ssl --ssl-cert {cert} --ssl-key {cert} "
                       "--recv-only {at}",
        "tls keep": "ncat -l -k --ssl --ssl-cert {cert} --ssl-key {cert} "
                    "--recv-only {at}",
    },
    "socat": SOCAT,
    "socat -b 262144": {
        job: words.replace("socat", "socat -b 262144", 1)
        for job, words in SOCAT.items()
        if job.split()[0] in ("tcp", "unix", "ask", "answer")
        or job == "forward"
    },
    "socat -b 65536": {
        job: words.replace("socat", "socat -b 65536", 1)
        for job, words in SOCAT.items() if job in ("tls send", "tls receive")
    },
    "openssl": {
        "tls send": "openssl s_client -quiet -no_ign_eof -nocommands "
                    "-connect 127.0.0.1:{at}",
        "tls receive": "openssl s_server -quiet -naccept 1 -cert {cert} "
                       "-accept 127.0.0.1:{at}",
    },
    "busybox": {
        "tcp send": "busybox nc 127.0.0.1 {at}",
        "tcp receive": "busybox nc -l -p {at}",
        "ask": "busybox nc 127.0.0.1 {at}",
        "answer": "busybox nc -l -p {at}",
        "test port": "busybox nc 127.0.0.1 {at}",
    },
    "haproxy": {"forward": "haproxy -db -q -f {config}"},
    "nginx": {"forward": "nginx -c {config}"},
    "microsocks": {"socks": "microsocks -i 127.0.0.1 -p {at}"},
    "ssh -D": {"socks": "ssh -F {config} -N -D 127.0.0.1:{at} bench"},
    "nmap -sT": {
        "scan": "nmap -n -sT -p- 127.0.0.1",
    },
}

# What takes its words from a file. ssh's server is a command of its own, in a
# namespace where root's finds the directory that only its service makes.
CONFIGS = {
    "haproxy": """global
nbthread 1
maxconn 4000
defaults
mode tcp
maxconn 4000
option splice-auto
timeout connect 9s
timeout client 99s
timeout server 99s
listen x
bind 127.0.0.1:{at} backlog 2000
server y 127.0.0.1:{target}
""",
    "nginx": """load_module {unpacked}/lib/nginx/modules/ngx_stream_module.so;
daemon off; master_process off; pid {room}/nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
stream {{ server {{ listen 127.0.0.1:{at} backlog=2000;
proxy_pass 127.0.0.1:{target}; }} }}
""",
    "ssh -D": """Host bench
IdentityFile {room}/key
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
LogLevel ERROR
BatchMode yes
ProxyCommand sh {here}/sshd {room} {unpacked}
""",
}

BEFORE = "nc-lite before"       # another build, in NC_LITE_BEFORE
if os.environ.get("NC_LITE_BEFORE"):
    TOOLS[BEFORE] = {
        job: words for job, words in TOOLS[OURS].items()
        if job.split()[0] in ("tcp", "ask", "answer", "keep", "tls", "scan")
        or job == "test port"
    }

PEERS = [tool for tool in TOOLS if tool != OURS]
ALSO_NEEDED = ["iperf3", "gnuplot", "unshare", "nft", "ip"]


def program(tool):
    """The file to run; nc-lite's comes from NC_LITE."""
    if tool == BEFORE:
        return os.environ["NC_LITE_BEFORE"]
    name = tool.split()[0]
    return os.environ["NC_LITE"] if name == OURS else shutil.which(name)


def able(job, number=0):
    """The installed tools that can do the job; each round another first."""
    tools = [t for t in TOOLS if job in TOOLS[t] and program(t)]
    first = number % max(1, len(tools))
    return tools[first:] + tools[:first]


def argv(tool, job, at=None, cert=None, **more):
    words = TOOLS[tool][job].format(at=at, cert=cert, **more).split()
    return [program(tool), *words[1:]]


def configure(bench, tool, at, target):
    """The file that says so, or None."""
    if tool not in CONFIGS:
        return None
    path = bench.fresh("config")
    with open(path, "w") as out:
        out.write(CONFIGS[tool].format(
            at=at, target=target, room=bench.scratch,
            here=os.path.dirname(os.path.abspath(__file__)),
            unpacked=os.path.join(bench.root, "tests/unpacked/usr")))
    return path


def missing():
    names = [t for t in TOOLS if not program(t)]
    return names + [n for n in ALSO_NEEDED if not shutil.which(n)]
