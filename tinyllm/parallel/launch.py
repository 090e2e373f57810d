"""Starting ranks as processes, and ending them all when one goes.

MPI starts them, and would let those that wait for one that has gone wait for ever. So each rank keeps a line to us, a
connection by which it says that it has begun, and in the end how it has ended and why. Of a rank that says nothing
more, the system closes the line. The first that goes wrong is told, once, by its number.
"""

import collections
import contextlib
import json
import os
import re
import secrets
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import NamedTuple

from tinyllm.backend.mpi import check_mpi4py, find_mpiexec
from tinyllm.errors import UsageError

PATIENCE = 3  # seconds that all others have to end, after one has gone wrong
NOISE = re.compile(  # what MPICH's mpiexec says itself
    rb"\[(mpiexec|proxy)[@:]|Abort\(-?\d+\) on node |={40}|=   |YOUR APPLICATION |This typically refers|Please see the"
)


class Ending(NamedTuple):
    """How a rank has ended: its exit status, and in words what went wrong, or None. `rank` is None for all of them."""

    status: int
    rank: int | None = None
    wrong: str | None = None


def launch(size, words, *, hosts=()):
    """Run `tinyllm WORDS` on so many ranks, spread over the hosts, neighbours on one host. Returns the Ending.

    Ctrl-C, SIGTERM and SIGHUP are passed on to the ranks, which save and stop. Raises UsageError without mpiexec and
    without mpi4py.
    """
    mpiexec = find_mpiexec()
    check_mpi4py()
    there = ["-hosts", ",".join(hosts), "-ppn", str(-(-size // len(hosts)))] if hosts else []
    with socket.create_server((address_towards(hosts), 0)) as server:
        host, port = server.getsockname()
        line = f"{host}:{port}:{secrets.token_hex(8)}"
        rank = [sys.executable, "-m", "mpi4py", "-m", "tinyllm.rank", line, *words]
        process = subprocess.Popen(
            [mpiexec, *there, "-n", str(size), *rank],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        with passing_signals_on(process) as heard, passing_output_on(process) as noise:
            ending = Watch(server, line, size).until_the_end(process, noise)
    return ending._replace(status=128 + heard[0]) if heard and ending.status > 128 else ending


def address_towards(hosts):
    """The address of this machine that other hosts see, or the one that it alone has."""
    if not hosts:
        return "127.0.0.1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((hosts[-1], 9))  # of a datagram, it only chooses the way
        except OSError as error:
            raise UsageError(f"the host {hosts[-1]} cannot be reached ({error.strerror}); check --hosts") from None
        return probe.getsockname()[0]


@contextlib.contextmanager
def passing_signals_on(process):
    """Signals that ask for the end go to the ranks. Gives a list of those that came."""
    heard, before = [], {}

    def pass_on(number, frame):
        heard.append(number)
        if process.poll() is None:
            process.send_signal(signal.SIGINT if number == signal.SIGINT else signal.SIGTERM)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks
            before[number] = signal.signal(number, pass_on)
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def passing_output_on(process):
    """What the ranks say comes out here, line by line, without what mpiexec says of itself, which is given as a list.
    If nobody reads it any more, they are told to stop."""
    noise = []

    def pass_on(source, target):
        with source:
            for text in source:
                if NOISE.match(text):
                    noise.append(text.decode("utf-8", "replace").strip())
                    continue
                try:
                    target.write(text.decode("utf-8", "replace"))
                    target.flush()
                except OSError:
                    process.terminate()
                    collections.deque(source, maxlen=0)  # else they could not say any more

    pairs = ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
    threads = [threading.Thread(target=pass_on, args=pair, daemon=True) for pair in pairs]
    for thread in threads:
        thread.start()
    try:
        yield noise
    finally:
        for thread in threads:
            thread.join(PATIENCE)


class Watch:
    """The lines of all ranks, and the Ending of the first that went wrong."""

    def __init__(self, server, line, size):
        self.server, self.token, self.size = server, line.rpartition(":")[2], size
        self.selector, self.heard, self.begun = selectors.DefaultSelector(), {}, {}
        self.endings, self.wrong = {}, None
        self.selector.register(server, selectors.EVENT_READ)

    def until_the_end(self, process, noise):
        """The Ending of the ranks that mpiexec has started: of the first that went wrong, else of all. What it says of
        itself before any has begun, its `noise`, is why none will."""
        deadline = None
        while process.poll() is None:
            self.listen(0.1)
            if (self.wrong or (noise and not self.begun)) and deadline is None:
                deadline = time.monotonic() + PATIENCE
            if deadline and time.monotonic() > deadline:
                process.kill()  # whoever it has started ends with it
        while self.listen(0.1):
            pass  # what came last
        if self.wrong:
            return self.wrong
        if len(self.endings) < self.size:
            began = f"{len(self.begun)} of {self.size} ranks began"
            why = f"it says: {noise[0]}" if noise and not self.begun else "see what is said above"
            return Ending(1, None, f"error: mpiexec ended with status {process.returncode} after {began}; {why}")
        return Ending(max(ending.status for ending in self.endings.values()))

    def listen(self, seconds):
        """Hear what comes within so many seconds. Returns whether anything came."""
        events = self.selector.select(seconds)
        for key, _ in events:
            if key.fileobj is self.server:
                line, _ = self.server.accept()
                self.selector.register(line, selectors.EVENT_READ)
                self.heard[line] = b""
            else:
                self.hear(key.fileobj)
        return bool(events)

    def hear(self, line):
        try:
            came = line.recv(1 << 16)
        except OSError:
            came = b""
        *whole, self.heard[line] = (self.heard[line] + came).split(b"\n")
        for text in whole:
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):  # of a stranger
                self.understand(line, json.loads(text))
        if not came:
            self.selector.unregister(line)
            line.close()
            rank, who = self.begun.get(line, (None, None))
            if rank is not None and rank not in self.endings:
                what = "has gone without a word, killed or ended by itself"
                self.end(Ending(1, rank, f"error: {who} {what}; go on from the last checkpoint with train --resume"))

    def understand(self, line, said):
        if said.get("token") == self.token:
            self.begun[line] = said["rank"], f"process {said['process']} on {said['host']}"
        elif line in self.begun:
            self.end(Ending(said["status"], self.begun[line][0], said["wrong"]))

    def end(self, ending):
        self.endings[ending.rank] = ending
        if ending.wrong and not self.wrong:
            self.wrong = ending


class Line:
    """The line of a rank to who has started it. `address` is HOST:PORT:TOKEN."""

    def __init__(self, address, rank):
        host, port, token = address.rsplit(":", 2)
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        self.socket.settimeout(None)
        self.say(token=token, rank=rank, process=os.getpid(), host=socket.gethostname())

    def say(self, **what):
        with contextlib.suppress(OSError):  # who started us has gone
            self.socket.sendall(json.dumps(what).encode() + b"\n")

    def when_cut(self, do):
        """Call a function, in a thread of its own, when who started us has gone: it never says anything."""

        def wait():
            with contextlib.suppress(OSError):
                self.socket.recv(1)
            do()

        threading.Thread(target=wait, daemon=True).start()

    def end(self, status, wrong=None):
        """Say how this rank ends, and what went wrong."""
        self.say(status=status, wrong=wrong)
