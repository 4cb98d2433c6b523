"""Valkey in a data folder, on a free port of the loopback interface, behind a random password."""

from __future__ import annotations

import secrets
import signal
import socket
from collections.abc import Mapping

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from engine.embedded import binaries
from engine.embedded.folder import Folder
from engine.embedded.process import Server

SETTINGS = {
    "bind": "127.0.0.1",
    "daemonize": "no",
    "appendonly": "yes",
    # Not everysec: while its fsync is slow, that keeps up to two seconds of writes in the process, which answers
    # nevertheless, and loses them when it is killed. Of `always` and `no` a kill loses nothing.
    "appendfsync": "always",
    "save": "",
    "maxmemory-policy": "noeviction",
}


NOT_DURABLE = {"appendfsync": "no"}


def server(folder: Folder, *, durable: bool, options: Mapping[str, str]) -> tuple[Server, str]:
    """Valkey ready to start, and its URL."""
    data = folder.path / "valkey"
    data.mkdir(mode=0o700, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(24)
    settings = SETTINGS | ({} if durable else NOT_DURABLE) | dict(options)
    settings |= {"dir": str(data), "port": str(port), "requirepass": password}
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    return Server(
        name="Valkey",
        program=[str(binaries.valkey()), "-"],
        # By standard input: a password on the command line is seen by every user of the machine.
        stdin="".join(f"{name} {quoted(value)}\n" for name, value in settings.items()).encode(),
        log=folder.path / "valkey.log",
        stop_signal=signal.SIGTERM,
        ready=lambda: ping(url),
        not_ready=(redis.RedisError, OSError),
        lock=folder.lock,
    ), url


def ping(url: str) -> None:
    """Raises redis.RedisError or OSError unless the server behind the URL answers to this password."""
    with redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=5) as client:
        client.ping()


def quoted(value: str) -> str:
    """A value as the configuration file wants it."""
    return '"{}"'.format(value.replace("\\", "\\\\").replace('"', '\\"'))


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
