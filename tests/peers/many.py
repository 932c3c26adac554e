#!/usr/bin/python3
"""Many clients of one server at once, on 127.0.0.1.

    many.py lines PORT CLIENTS LINES    each sends lines `CLIENT NUMBER xxx...`,
                                        cut anywhere; says `sent` at the end
    many.py check CLIENTS LINES <FILE   whether FILE has those lines, each whole
                                        and each client's in order: says `whole`
    many.py send PORT CLIENTS BYTES     each sends so much of its own, and its
                                        end; says `fin N`, how many saw an end,
                                        then the SHA-256 of each
    many.py hear PORT CLIENTS STALLED [BYTES]
                                        each reads to the end, or so many bytes,
                                        but the first ones, which never read;
                                        says how many `fin N reset N`, and the
                                        hash of each
    many.py hold PORT CLIENTS           connects, says `held`, waits for stdin
    many.py die PORT CLIENTS            each sends for ever and is reset at a
                                        moment of its own; says `dead`
    many.py chat PORT CLIENTS LINES     each says so many lines to the others and
                                        writes what it hears to heard.CLIENT,
                                        until it has all of theirs; says `held`,
                                        waits for stdin first
    many.py visit PORT COUNT            one after another, in turn: sends a line
                                        and ends, only connects, resets; says how
                                        many lines were sent
    many.py kill PORT CLIENTS CMD...    runs CMD for each, which sends bytes of
                                        its own; TERM, KILL or a peer that resets
                                        at any moment, or none of that. Says
                                        for each `STATUS SHA SHA`, of what was to
                                        be sent and of what came back

With TLS set in the environment send and hold speak that.
"""

import hashlib
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time


def connect(port):
    sock = socket.create_connection(("127.0.0.1", port), timeout=60)
    return CONTEXT.wrap_socket(sock) if CONTEXT else sock


def end(sock):
    """Says that all is said; how the other way ends."""
    if CONTEXT:
        sock = sock.unwrap()
    sock.shutdown(socket.SHUT_WR)
    return to_the_end(sock)[0]


def to_the_end(sock, most=float("inf")):
    """The bytes' hash, and how they ended."""
    digest = hashlib.sha256()
    try:
        while most > 0 and (data := sock.recv(65536)):
            digest.update(data)
            most -= len(data)
    except OSError:
        return "reset", digest.hexdigest()
    return "fin", digest.hexdigest()


def line(client, number):
    fill = "x" * ((client * 7919 + number * 104729) % 300)
    return f"{client} {number} {fill}\n"


def lines(port, client, count, results):
    sock = connect(port)
    text = "".join(line(client, n) for n in range(count)).encode()
    shuffle = random.Random(client)
    while text:
        size = shuffle.choice((1, 10, 100, 1000))
        sock.sendall(text[:size])
        text = text[size:]
        if shuffle.random() < 0.1:
            time.sleep(0.001)
    sock.shutdown(socket.SHUT_WR)
    results[client] = to_the_end(sock)[0]


def check(clients, count):
    next_of = [0] * clients
    for got in sys.stdin:
        words = got.split(" ")
        client = int(words[0])
        if got != line(client, next_of[client]):
            return f"torn: {got!r}"
        next_of[client] += 1
    return "whole" if next_of == [count] * clients else "missing"


def send(port, client, size, results):
    data = random.Random(client).randbytes(size)
    sock = connect(port)
    try:
        sock.sendall(data)
        how = end(sock)
    except OSError:
        how = "reset"
    results[client] = how, hashlib.sha256(data).hexdigest()


def hear(port, client, argument, results):
    stalled, *most = argument
    sock = socket.socket()
    if client < stalled:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    results[client] = None
    if client < stalled:
        HOLD.wait()
    results[client] = to_the_end(sock, *most)


def die(port, client, _, results):
    shuffle = random.Random(client * 31 + SEED)
    sock = connect(port)
    until = time.monotonic() + shuffle.random() * 2
    sock.settimeout(2)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    try:
        while time.monotonic() < until:
            sock.sendall(b"some words of no end\n" * 100)
            time.sleep(0.01)
    except OSError:
        pass
    sock.close()
    results[client] = "dead"


def chat(port, client, count, results):
    sock = connect(port)
    HERE.wait()
    HOLD.wait()
    wanted = (len(results) - 1) * count
    with open(f"heard.{client}", "wb") as heard:
        say = threading.Thread(target=lambda: [
            sock.sendall(f"{client} {n}\n".encode()) for n in range(count)])
        say.start()
        while wanted > 0 and (data := sock.recv(65536)):
            wanted -= data.count(b"\n")
            heard.write(data)
        say.join()
    HERE.wait()
    sock.close()
    results[client] = wanted


RESET = b"\1\0\0\0\0\0\0\0"


def visit(port, count):
    sent = 0
    for number in range(count):
        sock = connect(port)
        if number % 3 == 0:
            sock.sendall(b"a line\n")
            sock.shutdown(socket.SHUT_WR)
            sent += to_the_end(sock)[0] == "fin"
        elif number % 3 == 1:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        sock.close()
    return sent


def reset(port, data, after):
    """As a client that is killed, without its process."""
    sock = connect(port)
    sock.settimeout(5)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    try:
        sock.sendall(data[:len(data) // 2])
        time.sleep(after)
    except OSError:
        pass
    sock.close()
    return 1, ""


def victim(port, client, command, results):
    shuffle = random.Random(client * 31 + SEED)
    data = shuffle.randbytes(shuffle.randrange(1, 400000))
    how, after = shuffle.choice("TKR---"), shuffle.random() * 0.1
    with TURN:
        if how == "R":
            code, got = reset(port, data, after)
        else:
            code, got = run_victim(command, data, how, after)
    results[client] = code, hashlib.sha256(data).hexdigest(), got


def run_victim(command, data, how, after):
    child = subprocess.Popen(command, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
    if how != "-":
        deadly = signal.SIGTERM if how == "T" else signal.SIGKILL
        threading.Timer(after, child.send_signal, [deadly]).start()
    out = child.communicate(data)[0]
    return child.returncode, hashlib.sha256(out).hexdigest()


TURN = threading.Semaphore(50)
HOLD = threading.Event()
CONTEXT = ssl._create_unverified_context() if "TLS" in os.environ else None
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))


def run(work, port, clients, argument):
    results = [None] * clients
    threads = [threading.Thread(target=work, daemon=True,
                                args=(port, i, argument, results))
               for i in range(clients)]
    for thread in threads:
        thread.start()
    if work is hear:
        for thread in threads[argument[0]:]:
            thread.join()
        HOLD.set()
    for thread in threads:
        thread.join()
    return results


def hold(port, clients):
    socks = [connect(port) for _ in range(clients)]
    print("held", flush=True)
    sys.stdin.read()
    return socks


def main():
    what = sys.argv[1]
    if what == "kill":
        print("seed", SEED)
        for result in run(victim, int(sys.argv[2]), int(sys.argv[3]),
                          sys.argv[4:]):
            print(*result)
        return
    numbers = [int(word) for word in sys.argv[2:]]
    if what == "check":
        print(check(*numbers))
    elif what == "hold":
        hold(*numbers)
    elif what == "lines":
        run(lines, *numbers)
        print("sent")
    elif what == "send":
        results = run(send, *numbers)
        print("fin", sum(how == "fin" for how, _ in results))
        for how, digest in results:
            print(how, digest)
    elif what == "hear":
        results = run(hear, *numbers[:2], numbers[2:])
        print("fin", sum(how == "fin" for how, _ in results),
              "reset", sum(how == "reset" for how, _ in results))
        for how, digest in results:
            print(how, digest)
    elif what == "chat":
        global HERE
        HERE = threading.Barrier(numbers[1] + 1)
        threading.Thread(target=run, args=(chat, *numbers)).start()
        HERE.wait()
        print("held", flush=True)
        sys.stdin.readline()
        HOLD.set()
        HERE.wait()
        print("heard")
    elif what == "visit":
        print(visit(*numbers))
    elif what == "die":
        print("seed", SEED)
        run(die, numbers[0], numbers[1], None)
        print("dead")


main()
