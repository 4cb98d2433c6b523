"""Doors as their client sees them: an order goes in, an answer comes out, in time or not at all."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.types import Event
from tests.acceptance.harness import Worker
from tests.chaos.nodes import Node

#: A client's patience with one request. Redis is given up after ten seconds, then PostgreSQL takes the events.
ANSWER_SECONDS = 15

#: A door that does not answer so long is killed, as a web server's health check would have it.
HANG_SECONDS = 30


class DoorProcess(Worker):
    """One life of a door."""

    def __init__(self, log: Path, *, concurrency: int = 1, **environment: str) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.door"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
                bufsize=0,
                start_new_session=True,
                env=os.environ | environment,
            )

    def children(self) -> list[int]:
        """It has none."""
        return []


class Door(Node):
    """A door under its supervisor. Its client uses it from one thread."""

    _number = 0
    _pending: tuple[subprocess.Popen[bytes], int, float] | None = None  #: asked whom, what, when
    _read = b""
    slow = 0  #: answers that did not come in time
    hung = 0  #: times it was killed for that

    def __init__(self, *args: Any, **more: Any) -> None:
        self.mischief: dict[str, object] = {}
        super().__init__(*args, **more)

    def is_free(self) -> bool:
        """Whether it can be asked now; one that hangs is killed."""
        if self._pending is None:
            return self.is_ready()
        process, _, since = self._pending
        if process is not self.worker.process or self._answer(0.0) is not None:
            self._pending = None
        elif time.monotonic() > since + HANG_SECONDS:
            self.hung += 1
            self.kill()
        return self._pending is None and self.is_ready()

    def accept(self, events: Sequence[Event], **limits: int) -> dict[str, Any] | None:
        """Returns its answer; None when it died, or did not answer in time."""
        rows = [[event.id, event.tenant, event.lead, event.type, event.data] for event in events]
        return self._ask({"events": rows, "limits": limits, "mischief": self.mischief})

    def knows(self, tenants: Sequence[str]) -> bool:
        """Let it look up the tenants, as a web process has that served them before. Whether it could."""
        return self.is_free() and "error" not in (self._ask({"tenants": list(tenants)}) or {"error": "none"})

    def _ask(self, order: dict[str, Any]) -> dict[str, Any] | None:
        process = self.worker.process
        self._number += 1
        self._pending = (process, self._number, time.monotonic())
        self._read = b""
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(order | {"number": self._number}).encode() + b"\n")
        except OSError:
            self._pending = None
            return None
        answer = self._answer(ANSWER_SECONDS)
        if answer is None and process.poll() is None:
            self.slow += 1
            return None
        self._pending = None
        return answer or None

    def _answer(self, seconds: float) -> dict[str, Any] | None:
        """What it says to the last order; empty when it died; None when nothing came in time."""
        assert self._pending is not None
        process, number, _ = self._pending
        assert process.stdout is not None
        deadline = time.monotonic() + seconds
        while select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                return {}
            *lines, self._read = (self._read + data).split(b"\n")
            for line in map(json.loads, lines):
                if line["number"] == number:
                    return line
        return None
