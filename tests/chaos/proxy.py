"""A TCP proxy between one node and one server that does to connections what networks do."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

CHUNK = 65536

#: Of a piece of a connection that is delayed.
DELAY_SECONDS = 0.1

#: Bytes, and seconds between them, of a connection that trickles; how much trickles before the rest flows.
TRICKLE_BYTES, TRICKLE_SECONDS, TRICKLE_LIMIT = 64, 0.002, 4096

Connect = Callable[[], socket.socket]
Matches = Callable[[bytes], bool]


class Proxy:
    """Forwards connections. `mode` says what happens to every byte from now on:

    pass        nothing
    delay       each piece waits `seconds`
    trickle     pieces of a few bytes
    black-hole  nothing arrives on either side, and nobody is told: these connections stay half-open for ever
    deaf        requests arrive, replies do not; half-open as well
    refuse      connections are reset, new ones too
    """

    def __init__(self, connect: Connect, host: str = "127.0.0.1") -> None:
        self._connect = connect
        self.host = host
        self.mode = "pass"
        self.seconds = DELAY_SECONDS
        self.hits = 0  #: replies that were lost or cut short
        self._armed: list[tuple[Matches, bool]] = []
        self._links: set[_Link] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((host, 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, request: Matches, times: int, *, truncate: bool = False) -> None:
        """Swallow the replies to the next requests that match, or all but their first bytes, and cut."""
        with self._lock:
            self._armed += [(request, truncate)] * times

    def disarm(self) -> None:
        """Forget what lose() asked for and has not happened."""
        with self._lock:
            self._armed.clear()

    def reset(self) -> None:
        """RST to every connection there is."""
        for link in self._all():
            link.reset()

    def close(self) -> None:
        """Cut everything and stop."""
        self._listener.close()
        self.reset()

    def take(self, data: bytes) -> bool | None:
        """What is to happen to the reply of this request: None nothing, False lost, True truncated."""
        with self._lock:
            for place, (matches, truncate) in enumerate(self._armed):
                if matches(data):
                    del self._armed[place]
                    self.hits += 1
                    return truncate
        return None

    def forget(self, link: _Link) -> None:
        """It has ended."""
        with self._lock:
            self._links.discard(link)

    def _all(self) -> list[_Link]:
        with self._lock:
            return list(self._links)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self.mode == "refuse":
                    raise OSError
                server = self._connect()
            except OSError:
                client.close()
                continue
            link = _Link(self, client, server)
            with self._lock:
                self._links.add(link)
            link.start()


class _Link:
    """One connection."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy = proxy
        self.client = client
        self.server = server
        self.is_dead = False  #: half-open for ever
        self.doom: bool | None = None

    def start(self) -> None:
        for run in (self._requests, self._replies):
            threading.Thread(target=run, daemon=True).start()

    def reset(self) -> None:
        """RST instead of FIN."""
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _requests(self) -> None:
        for data in received(self.client):
            doom = self.proxy.take(data)
            if doom is not None:
                self.doom = doom
            if not self._forward(self.server, data, swallowed=("black-hole",)):
                break
        self._end()

    def _replies(self) -> None:
        for data in received(self.server):
            if self.doom is not None:
                with contextlib.suppress(OSError):
                    self.client.sendall(data[: len(data) // 2] if self.doom else b"")
                break
            if not self._forward(self.client, data, swallowed=("black-hole", "deaf")):
                break
        self._end()

    def _forward(self, end: socket.socket, data: bytes, swallowed: tuple[str, ...]) -> bool:
        mode = self.proxy.mode
        if mode == "refuse":
            self.reset()
            return False
        if self.is_dead or mode in swallowed:
            self.is_dead = True
            return True
        if mode == "delay":
            time.sleep(self.proxy.seconds)
        try:
            for piece in _pieces(data) if mode == "trickle" else (data,):
                end.sendall(piece)
        except OSError:
            return False
        return True

    def _end(self) -> None:
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.proxy.forget(self)


def received(end: socket.socket) -> Iterator[bytes]:
    """What comes in, until the end."""
    while True:
        try:
            data = end.recv(CHUNK)
        except OSError:
            return
        if not data:
            return
        yield data


def _pieces(data: bytes) -> Iterator[bytes]:
    for place in range(0, min(len(data), TRICKLE_LIMIT), TRICKLE_BYTES):
        yield data[place : place + TRICKLE_BYTES]
        time.sleep(TRICKLE_SECONDS)
    if len(data) > TRICKLE_LIMIT:
        yield data[-(-TRICKLE_LIMIT // TRICKLE_BYTES) * TRICKLE_BYTES :]
