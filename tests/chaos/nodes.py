"""Nodes under a supervisor that starts them again when they end, as `restart: always` does."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from psycopg.conninfo import conninfo_to_dict

from tests.acceptance.harness import Worker, wait_until
from tests.chaos.proxy import Proxy

LOOK_SECONDS = 0.1

Begin = Callable[..., Worker]


class Node:
    """One process behind its own two proxies: a node, unless `begin` says otherwise."""

    def __init__(
        self,
        name: str,
        folder: Path,
        redis: Proxy,
        database: Proxy,
        environment: dict[str, str],
        begin: Begin = Worker,
        word: bytes = b" ready.",
    ) -> None:
        self.begin = begin
        self._word = word  #: in its log when it works
        self.name = name
        self.folder = folder
        self.redis = redis
        self.database = database
        self.environment = environment
        self.lives = 0
        self.restarts = 0  #: after an end that nobody asked for
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._start()
        threading.Thread(target=self._supervise, daemon=True).start()

    @property
    def proxies(self) -> tuple[Proxy, Proxy]:
        """To Redis and to PostgreSQL."""
        return self.redis, self.database

    def is_ready(self) -> bool:
        """Whether it consumes."""
        worker = self.worker
        return worker.process.poll() is None and self._word in worker.log.read_bytes()

    def kill(self) -> None:
        """kill -9 of the parent; the supervisor notices by itself."""
        self.worker.process.kill()

    def kill_child(self, chance: random.Random) -> None:
        """kill -9 of one process of the pool."""
        children = self.worker.children()
        if children:
            try:
                os.kill(chance.choice(children), signal.SIGKILL)
            except ProcessLookupError:
                return

    def pause(self) -> None:
        """SIGSTOP to all of it."""
        self._signal(signal.SIGSTOP)

    def pause_before(self, step: str, seconds: float) -> bool:
        """Let it stop by itself before a step of tests/chaos/handler.py. Whether it came there in so many seconds."""
        order = self.folder / f"{self.name}.order"
        order.write_text(step)
        deadline = time.monotonic() + seconds
        while order.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        came = not order.exists()
        order.unlink(missing_ok=True)
        return came

    def resume(self) -> None:
        """SIGCONT to all of it."""
        self._signal(signal.SIGCONT)

    def restart(self, **environment: str) -> None:
        """An orderly end, then a new life with these variables."""
        with self._lock:
            self.resume()
            self.worker.process.terminate()
            try:
                self.worker.process.wait(30)
            finally:
                self.worker.end()
            self._start(**environment)

    def close(self) -> None:
        """For good."""
        with self._lock:
            self._closed.set()
            self.resume()
            self.worker.end()
            for proxy in self.proxies:
                proxy.close()

    def wait_until_ready(self) -> None:
        """Fails when it is not in time."""
        wait_until(self.is_ready, f"{self.name} does not start")

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.worker.process.pid, number)  # it leads its own session
        except ProcessLookupError:
            return

    def _start(self, **environment: str) -> None:
        self.lives += 1
        log = self.folder / f"{self.name}-{self.lives}.log"
        self.worker = self.begin(log, concurrency=2, **self.environment | environment)

    def _supervise(self) -> None:
        while not self._closed.wait(LOOK_SECONDS):
            with self._lock:
                if not self._closed.is_set() and self.worker.process.poll() is not None:
                    self.worker.end()
                    self.restarts += 1
                    time.sleep(LOOK_SECONDS)
                    self._start()


def through(url: str, proxy: Proxy) -> str:
    """The address of a Redis through a proxy."""
    parts = urlsplit(url)
    credentials = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{credentials}@{proxy.host}:{proxy.port}"))


def database_through(url: str, proxy: Proxy) -> str:
    """The address of a PostgreSQL through a proxy."""
    parts = conninfo_to_dict(url)
    login = f"{parts['user']}@/{parts['dbname']}"
    return f"postgresql://{login}?host={proxy.host}&port={proxy.port}&sslmode=disable&gssencmode=disable"
