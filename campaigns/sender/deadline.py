"""A delivery's deadline: whatever a server does, or does not do, its connections end then."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

#: Family and address, as getaddrinfo() gives them.
Address = tuple[int, Any]


class Deadline:
    """For one delivery. A time limit of each read alone lets a server that says a byte now and then hold a slot."""

    def __init__(self, seconds: float, connect_seconds: float) -> None:
        self.over = False
        self._ends = time.monotonic() + seconds
        self._connect_seconds = connect_seconds
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for watched in self._watched:
                watched.close()
            self._watched.clear()

    def left(self) -> float:
        """Seconds. Raises TimeoutError when there are none."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the deadline is over")
        return seconds

    def connect(self, addresses: Sequence[Address]) -> socket.socket:
        """A connection to the first address that answers, which ends with the deadline. Raises OSError."""
        last: OSError = OSError("there is no address")
        for family, address in addresses:
            made = socket.socket(family, socket.SOCK_STREAM)
            try:
                made.settimeout(min(self._connect_seconds, self.left()))
                made.connect(address)
                made.settimeout(self.left())
                self._watch(made)
                return made
            except OSError as error:
                made.close()
                last = error
        raise last

    def _watch(self, made: socket.socket) -> None:
        """By a second handle: TLS takes the first one over."""
        with self._lock:
            self._watched.append(made.dup())

    def _end(self) -> None:
        with self._lock:
            self.over = True
            for watched in self._watched:
                with contextlib.suppress(OSError):
                    watched.shutdown(socket.SHUT_RDWR)
