"""The kinds of runs that are attacked: what each end is given, and what that proves.

An end is its arguments and where its bytes come from and go to. In arguments
@PORT is the port (or path) of who is connected to, which is the listener, or what
goes through to it; @TARGET is the listener's. @ADDRESS and @DIR are the run's own,
with `in` (what the end is to send), key, cert.pem and cert.key.
"""

from dataclasses import dataclass, field


@dataclass
class End:
    args: list
    send: str = "null"      # its stdin: null, file or pipe
    out: str = "pipe"       # its stdout: file or pipe
    size: int = 0           # bytes of what it sends (also by --in @DIR/in)
    named: str = ""         # what it receives is in this file of @DIR
    quiet: bool = False     # it may fail without a word
    wanted: tuple = (0,)    # its exit status when nothing befalls it


@dataclass
class Kind:
    listen: End
    client: End
    # tcp: exit 0 is the promise. unix: only if both ends say 0. here: only what
    # the end itself has received. none: nothing.
    proves: str = "tcp"
    through: End = None     # who stands between the two: a forwarder, a proxy
    clients: int = 1        # so many, one after the other; then SIGTERM
    # EPIPE, of a pipe whose reader is well and waits for its end.
    unreal: tuple = ()
    seen: set = field(default_factory=set)    # echo: what comes goes back


def words(text):
    return text.split()


def listen(text, **more):
    return End(words("-lv " + text), **more)


def client(text, **more):
    return End(words(text), **more)


MUCH = 700_000          # goes by splice, in several pieces
SOME = 150_000
FEW = 5_000
HOST = " @ADDRESS @PORT"
SECRET = "-c --psk @DIR/key"
CERT = "-c --cert @DIR/cert.pem --key @DIR/cert.key"
BY = " -x @ADDRESS:@PORT @ADDRESS @TARGET"
TAPS = "--digest --output @DIR/log --hex-dump @DIR/dump --progress"

KINDS = {
    "file": Kind(
        listen("-d @ADDRESS 0", out="file"),
        client("" + HOST, send="file", size=MUCH)),
    "pipe": Kind(
        listen("-d localhost 0"),
        client("localhost @PORT", send="pipe", size=MUCH)),
    "both": Kind(
        listen("@ADDRESS 0", send="file", size=SOME, out="file"),
        client("" + HOST, send="pipe", size=MUCH)),
    "question": Kind(
        listen("@ADDRESS 0", send="pipe", size=FEW),
        client("" + HOST, send="pipe", size=FEW)),
    "linger": Kind(
        listen("--recv-only @ADDRESS 0"),
        client("-q 1 -w 3" + HOST, send="pipe", size=SOME)),
    "named": Kind(
        listen("-d --out @DIR/out @ADDRESS 0", named="out"),
        client("--in @DIR/in" + HOST, size=MUCH)),
    "taps": Kind(
        listen(TAPS + " @ADDRESS 0", out="file"),
        client(TAPS + HOST, send="file", size=SOME)),
    "digest": Kind(
        listen("-d --digest --out @DIR/out @ADDRESS 0", named="out"),
        client("--digest" + HOST, send="file", size=MUCH), unreal=("EPIPE",)),
    "sendonly": Kind(
        listen("-d @ADDRESS 0"),
        client("--send-only" + HOST, send="file", size=SOME), proves="here"),
    "rate": Kind(
        listen("-d @ADDRESS 0", out="file"),
        client("--limit-rate 1M" + HOST, send="file", size=SOME)),
    "psk": Kind(
        listen(SECRET + " -d @ADDRESS 0", out="file"),
        client(SECRET + HOST, send="file", size=MUCH)),
    "pskboth": Kind(
        listen(SECRET + " @ADDRESS 0", send="pipe", size=SOME),
        client(SECRET + HOST, send="pipe", size=SOME)),
    "tls": Kind(
        listen(CERT + " -d @ADDRESS 0"),
        client("-c --ca @DIR/cert.pem --tls-name localhost" + HOST,
               send="pipe", size=SOME)),
    "unix": Kind(
        listen("-dU @DIR/socket", out="file"),
        client("-U @PORT", send="file", size=MUCH), proves="unix"),
    "unixtls": Kind(
        listen(SECRET + " -dU @DIR/socket"),
        client(SECRET + " -U @PORT", send="pipe", size=SOME), proves="unix"),
    "udp": Kind(
        listen("-du -w 1 @ADDRESS 0"),
        client("-u -w 0" + HOST, send="pipe", size=FEW), proves="none"),
    "dgram": Kind(
        listen("-duU -W 1 -w 2 @DIR/socket"),
        client("-uU -q 0 @PORT", send="pipe", size=FEW), proves="none"),
    "exec": Kind(
        listen("--exec cat @ADDRESS 0", wanted=(0,)),
        client("" + HOST, send="file", size=MUCH, out="file"),
        seen={"echo"}, unreal=("EPIPE",)),
    "command": Kind(
        listen("-k --sh-exec cat @ADDRESS 0", wanted=(143,)),
        client("" + HOST, send="pipe", size=SOME), clients=2,
        seen={"echo"}, unreal=("EPIPE",)),
    "keep": Kind(
        listen("-dk @ADDRESS 0", wanted=(143,)),
        client("" + HOST, send="pipe", size=SOME), clients=2),
    "keeptls": Kind(
        listen(SECRET + " -dk @ADDRESS 0", wanted=(143,)),
        client(SECRET + HOST, send="file", size=SOME), clients=2),
    "scan": Kind(
        listen("-dk @ADDRESS 0", wanted=(143,)),
        client("-z -w 1" + HOST, quiet=True), proves="none"),
    "forward": Kind(
        listen("-d @ADDRESS 0", out="file"),
        client("" + HOST, send="file", size=MUCH),
        through=listen("--forward @ADDRESS:@PORT @ADDRESS 0")),
    "forwardboth": Kind(
        listen("@ADDRESS 0", send="file", size=SOME),
        client("" + HOST, send="pipe", size=SOME),
        through=listen("--forward @ADDRESS:@PORT @ADDRESS 0")),
    "forwardkeep": Kind(
        listen("-dk @ADDRESS 0", wanted=(143,)),
        client("" + HOST, send="pipe", size=SOME), clients=2,
        through=listen("-k --forward @ADDRESS:@PORT @ADDRESS 0",
                       wanted=(143,))),
    "forwardtls": Kind(
        listen(CERT + " -d localhost 0", out="file"),
        client(SECRET + HOST, send="file", size=SOME),
        through=listen(SECRET + " --forward tls:localhost:@PORT --forward-ca "
                       "@DIR/cert.pem @ADDRESS 0")),
    "forwardudp": Kind(
        listen("-du -w 1 @ADDRESS 0"),
        client("-u -w 0" + HOST, send="pipe", size=FEW), proves="none",
        through=listen("-u -w 1 --forward @ADDRESS:@PORT @ADDRESS 0")),
    "socks4": Kind(
        listen("-d @ADDRESS 0"),
        client("-X 4" + BY, send="pipe", size=SOME),
        through=listen("--proxy-server @ADDRESS 0")),
    "socks5": Kind(
        listen("@ADDRESS 0", send="pipe", size=SOME),
        client("-X 5" + BY, send="file", size=MUCH),
        through=listen("--proxy-server @ADDRESS 0")),
    "connect": Kind(
        listen("-d localhost 0", out="file"),
        client("-X connect -x @ADDRESS:@PORT localhost @TARGET", send="file",
               size=MUCH),
        through=listen("-k --proxy-server @ADDRESS 0", wanted=(143,))),
    "https": Kind(
        listen(CERT + " -d localhost 0"),
        client("-c --ca @DIR/cert.pem -X https -x localhost:@PORT localhost "
               "@TARGET", send="pipe", size=SOME),
        through=listen(CERT + " --proxy-server localhost 0")),
    "associate": Kind(
        listen("-du -w 1 @ADDRESS 0"),
        client("-u -q 0 -X 5" + BY, send="pipe", size=FEW), proves="none",
        through=listen("--proxy-server @ADDRESS 0")),
}
