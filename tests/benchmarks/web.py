"""The web service as production runs it, and clients that keep it busy."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from engine.embedded.valkey import free_port
from tests.benchmarks.path import wait_for

#: As docker-compose.yml starts it, on an address of its own.
COMMAND = ("gunicorn", "settings.wsgi", "--workers", "2", "--threads", "4")
PRODUCTION = {"DJANGO_SETTINGS_MODULE": "settings.production", "LOG_LEVEL": "INFO"}

#: What the proxy in front says of a request that came over TLS.
BEHIND_PROXY = {"X-Forwarded-Proto": "https", "Content-Type": "application/x-ndjson"}


@dataclass(frozen=True)
class Web:
    """A running service."""

    port: int
    pid: int  #: of the process that started those that work


@dataclass(frozen=True)
class Call:
    """One request: events as lines, under a tenant's key."""

    key: str
    body: bytes


@contextmanager
def web() -> Iterator[Web]:
    """gunicorn with the product's own application, once it answers."""
    port = free_port()
    command = [sys.executable, "-m", *COMMAND, "--bind", f"127.0.0.1:{port}"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=os.environ | PRODUCTION, stdout=quiet, stderr=quiet)
    try:
        wait_for(lambda: answers(port), 1, 60)
        yield Web(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def answers(port: int) -> bool:
    """Whether it is up."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
    except OSError:
        return False


def send(port: int, calls: Sequence[Call], connections: int) -> list[float]:
    """Make all calls, each connection its next when the last was answered. Returns the seconds of each."""
    left, took, faults = deque(calls), deque[float](), deque[str]()
    clients = [threading.Thread(target=_client, args=(port, left, took, faults)) for _ in range(connections)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if faults or len(took) != len(calls):
        raise RuntimeError(f"{len(took)} of {len(calls)} calls were answered; {[*faults][:1]}")
    return list(took)


def _client(port: int, left: deque[Call], took: deque[float], faults: deque[str]) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        while left and not faults:
            try:
                call = left.popleft()
            except IndexError:  # another client took the last one
                return
            began = time.perf_counter()
            status, body = post(connection, call)
            took.append(time.perf_counter() - began)
            if status != 202:
                faults.append(f"{status}: {body[:300]!r}")


def post(connection: http.client.HTTPConnection, call: Call) -> tuple[int, bytes]:
    """One request. Returns the status and what was said."""
    headers = BEHIND_PROXY | {"Authorization": f"Bearer {call.key}"}
    connection.request("POST", "/api/v1/events", call.body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()
