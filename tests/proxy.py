"""A TCP proxy that loses replies: the server did what it was asked, the client never hears of it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

CHUNK = 65536


class Proxy:
    """Forwards connections to a server; lose() makes it swallow one reply and cut that connection."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        self._lose: Callable[[bytes], bool] | None = None
        self.lost = 0  #: replies that were swallowed
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, request: Callable[[bytes], bool]) -> None:
        """Swallow the reply to the next request for which `request` is true."""
        self._lose = request

    def close(self) -> None:
        """Cut every connection and stop."""
        for end in [self._listener, *self._open]:
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = self._connect()
            self._open += [client, server]
            doomed = threading.Event()
            for run in (self._requests, self._replies):
                threading.Thread(target=run, args=(client, server, doomed), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket, doomed: threading.Event) -> None:
        for data in _received(client):
            if self._lose is not None and self._lose(data):
                self._lose = None
                doomed.set()
            server.sendall(data)
        _end(server)

    def _replies(self, client: socket.socket, server: socket.socket, doomed: threading.Event) -> None:
        for data in _received(server):
            if doomed.is_set():
                self.lost += 1
                break
            client.sendall(data)
        _end(client)
        _end(server)


def in_front_of(url: str) -> tuple[Proxy, str]:
    """A proxy to the TCP server of a URL, and the URL through it."""
    parts = urlsplit(url)
    proxy = Proxy(lambda: socket.create_connection((parts.hostname or "", parts.port or 0)))
    credentials = parts.netloc.rpartition("@")[0]
    return proxy, urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{proxy.port}"))


def in_front_of_socket(path: str) -> Proxy:
    """A proxy to a server that listens on a unix socket."""

    def connect() -> socket.socket:
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.connect(path)
        return server

    return Proxy(connect)


def _received(end: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            data = end.recv(CHUNK)
        except OSError:
            return
        if not data:
            return
        yield data


def _end(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
