"""The processes of the demo: children that cannot outlive it, each with a log of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from campaigns.demo.options import ROOT
from engine.embedded.process import HAS_DEATH_SIGNAL, SAME, command
from engine.embedded.valkey import free_port

STOP_SECONDS = 15.0
TAIL_LINES = 15


class ChildFailed(Exception):
    """A process ended, or is not ready in time; the message has the end of its log."""


@dataclass
class Child:
    """A process that was started."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    may_end: bool  #: well, by itself
    pipe: int | None  #: our end of the pipe that its watcher reads, where the kernel has no death signal

    def tail(self) -> str:
        """The end of what it said."""
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join([f"The end of {self.log}:", *lines])

    def check(self) -> None:
        """Raises ChildFailed when it has ended and should not have."""
        code = self.process.poll()
        if code is None or (code == 0 and self.may_end):
            return
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        raise ChildFailed(f"{self.name} {how}.\n{self.tail()}")


class Processes:
    """All children, stopped together at the end of the block."""

    def __init__(self, log_folder: Path) -> None:
        self.log_folder = log_folder
        self.children: list[Child] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(
        self,
        name: str,
        program: Sequence[str],
        *,
        settings: Mapping[str, str] | None = None,
        death: signal.Signals = signal.SIGKILL,
        may_end: bool = False,
    ) -> Child:
        """Start a program; it gets `death` when this process ends in any way. Must be in the main thread."""
        watch, pipe = (None, None) if HAS_DEATH_SIGNAL else os.pipe()
        log = self.log_folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command(program, death, SAME, watch),
                cwd=ROOT,
                env=os.environ | dict(settings or {}),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: we stop them in order
                pass_fds=[] if watch is None else [watch],
            )
        if watch is not None:
            os.close(watch)
        child = Child(name, process, log, may_end, pipe)
        self.children.append(child)
        return child

    def check(self) -> None:
        """Raises ChildFailed when a child has ended that should not have."""
        for child in self.children:
            child.check()

    def wait_for(self, child: Child, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Return when it is ready. Raises ChildFailed."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ChildFailed(f"{child.name} is not ready after {seconds:.0f} s.\n{child.tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask all to end in order; what is left after STOP_SECONDS, and what they left, is killed."""
        for child in self.children:
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
            if child.process.stdin:
                child.process.stdin.close()
            if child.pipe is not None:
                os.close(child.pipe)
        self.children.clear()


def usable_port(wanted: int) -> int:
    """The wanted port of the loopback interface if nobody listens there, else a free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port()
    return wanted


def answers(url: str) -> bool:
    """Whether a GET succeeds."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
