"""One server as a child of this process: started, watched while it starts, stopped, never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from engine.errors import EmbeddedServerError


@dataclass(frozen=True)
class Identity:
    """As whom a server runs: the arguments of child.become()."""

    kind: str  #: same, namespace or user
    uid: int = 0
    gid: int = 0


SAME = Identity("same")

CHILD = Path(__file__).with_name("child.py")
HAS_DEATH_SIGNAL = sys.platform == "linux"


def command(program: Sequence[str], number: int, identity: Identity, watch: int | None = None) -> list[str]:
    """The command line that makes a child of this process `program`."""
    options = {"parent": os.getpid(), "signal": int(number), "identity": asdict(identity), "watch": watch}
    return [sys.executable, "-I", "-S", str(CHILD), json.dumps(options), *program]


def environment() -> dict[str, str]:
    """What a server inherits: nothing that could change its settings, its messages or its locale."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def run(program: Sequence[str], *, identity: Identity = SAME, what: str) -> None:
    """Run a program to its end under `identity`. Raises EmbeddedServerError with what it said."""
    result = subprocess.run(
        command(program, signal.SIGTERM, identity),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if result.returncode != 0:
        raise EmbeddedServerError(f"{what} failed:\n{result.stdout[-2000:]}")


@dataclass
class Server:
    """A server in the foreground of its own session, so that Ctrl-C reaches the launcher only."""

    name: str
    program: Sequence[str]
    log: Path
    stop_signal: signal.Signals  #: an orderly end; also sent when the launcher dies
    ready: Callable[[], None]  #: connects; raises one of `not_ready` until the server answers
    not_ready: tuple[type[Exception], ...]
    lock: int  #: descriptor of the lock on the data folder: held until the last server process has gone
    identity: Identity = SAME
    stdin: bytes = b""
    busy: str = ""  #: what it says when processes of its killed predecessor have not ended yet
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _pipe: int | None = field(default=None, init=False)  #: our end of the pipe that a watcher reads

    @property
    def pid(self) -> int:
        """The server's process. Raises EmbeddedServerError when it was not started."""
        if self._process is None:
            raise EmbeddedServerError(f"{self.name} is not running")
        return self._process.pid

    def start(self, timeout: float = 60.0) -> None:
        """Return when the server answers. Raises EmbeddedServerError with its log when it does not."""
        if threading.current_thread() is not threading.main_thread():
            # Linux sends the signal of the parent's death when the *thread* that started the child ends.
            raise EmbeddedServerError(f"{self.name} must be started from the main thread")
        deadline = time.monotonic() + timeout
        try:
            self._spawn()
            while not self._wait_until_ready(deadline):
                self._forget()
                time.sleep(0.1)
                self._spawn()
        except BaseException:
            self.kill()
            raise

    def stop(self, timeout: float = 60.0) -> None:
        """Ask for an orderly end, after the timeout insist. Does nothing when it has ended."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._forget()

    def kill(self) -> None:
        """kill -9, for tests of a crash; start() brings it back with the same address and data."""
        if self._process is not None:
            self._process.kill()
            self._forget()

    def _spawn(self) -> None:
        watch: int | None = None
        if not HAS_DEATH_SIGNAL:
            watch, self._pipe = os.pipe()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command(self.program, self.stop_signal, self.identity, watch),
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[self.lock] if watch is None else [self.lock, watch],
            )
        if watch is not None:
            os.close(watch)
        self._feed()

    def _feed(self) -> None:
        assert self._process is not None and self._process.stdin is not None
        try:
            with self._process.stdin as stdin:
                stdin.write(self.stdin)
        except BrokenPipeError:
            pass  # it has ended already; _wait_until_ready() says why

    def _wait_until_ready(self, deadline: float) -> bool:
        """Whether it answers; False when it ended because its predecessor has not quite."""
        assert self._process is not None
        while True:
            try:
                self.ready()
                return True
            except self.not_ready as error:
                reason = error
            if self._process.poll() is not None:
                if self.busy and self.busy in self._tail() and time.monotonic() < deadline:
                    return False
                raise EmbeddedServerError(f"{self.name} ended while starting\n{self._tail()}")
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"{self.name} does not answer: {reason}\n{self._tail()}")
            time.sleep(0.01)

    def _tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-20:]
        return "\n".join([f"The end of {self.log}:", *lines])

    def _forget(self) -> None:
        if self._process is not None:
            self._process.wait()
        if self._pipe is not None:
            os.close(self._pipe)
        self._process = self._pipe = None


@dataclass(frozen=True)
class Birth:
    """Who a process is: its number is used again after it has ended, number and start time are not."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return birth(self.pid) == self


def birth(pid: int) -> Birth | None:
    """The process with this number, or None when there is none or it has ended and waits to be collected."""
    if sys.platform != "linux":
        return _birth_by_ps(pid)
    try:
        # The name in the second field may hold spaces and brackets.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return None if fields[0] in "ZX" else Birth(pid, f"{boot} {fields[19]}")


def started_at(pid: int) -> float | None:
    """When a process began, in seconds since 1970, true to a second or two; None when it does not live."""
    found = birth(pid) if pid > 0 else None
    if found is None:
        return None
    if sys.platform != "linux":
        return datetime.strptime(found.started + " +0000", "%a %b %d %H:%M:%S %Y %z").timestamp()
    ticks = int(found.started.rpartition(" ")[2])
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")


def _birth_by_ps(pid: int) -> Birth | None:
    result = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, env=environment()
    )
    state, _, started = result.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else Birth(pid, started.strip())
