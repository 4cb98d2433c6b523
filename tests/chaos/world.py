"""Servers, nodes behind proxies and the table of effects: made once, used by every round."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import psycopg
import redis
from django.core.management import call_command
from django.db import connections
from psycopg.conninfo import conninfo_to_dict
from redis.backoff import NoBackoff
from redis.retry import Retry

from engine import control, embedded
from engine.roles import prepare_database
from tests import handler
from tests.acceptance.harness import Worker, register
from tests.chaos.nodes import Node, database_through, through
from tests.chaos.proxy import Proxy

LEASE_SECONDS = 2.0
RUN_SECONDS = 5.0
ORACLE = Path(__file__).with_name("oracle.py")

#: Ready to judge order by the time of commit; enough connections for proxies that leave some half-open.
POSTGRES = {"track_commit_timestamp": "on", "max_connections": "200"}
VALKEY = {"appendfsync": "always"}


class World:
    """What rounds need."""

    def __init__(
        self, folder: Path, servers: embedded.Servers, environment: dict[str, str], begin: type[Worker]
    ) -> None:
        self.begin = begin
        self.folder = folder
        self.servers = servers
        self.log = folder / "accepted.ndjson"  #: of all rounds
        self.front = self._redis_proxy()  #: between the producer and Redis
        os.environ["REDIS_URL"] = through(servers.redis_url, self.front.port)
        self.worker_url = os.environ["WORKER_DATABASE_URL"]
        self.nodes: list[Node] = []
        self.environment = environment
        self._watch: psycopg.Connection | None = None

    # -- servers

    def direct(self) -> redis.Redis:
        """Redis without a proxy, for faults and figures."""
        url = self.servers.redis_url
        return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=10)

    def set_redis(self, name: str, value: str | int) -> None:
        """A setting; it does not outlive the server."""
        with self.direct() as client:
            client.config_set(name, value)

    def superuser(self) -> psycopg.Connection:
        """For faults."""
        return psycopg.connect(self.servers.postgres_url, dbname="fairlane", autocommit=True)

    def _redis_proxy(self) -> Proxy:
        port = int(self.servers.redis_url.rpartition(":")[2].partition("/")[0])
        return Proxy(lambda: socket.create_connection(("127.0.0.1", port)))

    def _database_proxy(self) -> Proxy:
        path = str(Path(str(conninfo_to_dict(self.worker_url)["host"])) / ".s.PGSQL.5432")

        def connect() -> socket.socket:
            end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            end.connect(path)
            return end

        return Proxy(connect)

    # -- nodes

    def add_node(self, name: str) -> None:
        """Starts one; it is not waited for."""
        to_redis, to_database = self._redis_proxy(), self._database_proxy()
        addresses = {
            "REDIS_URL": through(self.servers.redis_url, to_redis.port),
            "WORKER_DATABASE_URL": database_through(self.worker_url, to_database.port),
        }
        self.nodes.append(Node(name, self.folder, to_redis, to_database, self.environment | addresses, self.begin))

    def wait_until_ready(self) -> None:
        """Every node consumes."""
        for node in self.nodes:
            node.wait_until_ready()

    def heal(self) -> None:
        """Whatever a fault left behind that no product could mend."""
        for proxy in self._proxies():
            proxy.mode = "pass"
            proxy.disarm()

    def cut(self) -> int:
        """Replies that were lost or cut short so far."""
        return sum(proxy.hits for proxy in self._proxies())

    def _proxies(self) -> list[Proxy]:
        return [self.front, *[proxy for node in self.nodes for proxy in node.proxies]]

    # -- figures

    def watch(self) -> psycopg.Connection:
        """A connection of the worker role that is good again after the database was away."""
        try:
            if self._watch is not None:
                self._watch.execute("SELECT 1")
                return self._watch
        except psycopg.Error:
            pass
        self._watch = psycopg.connect(self.worker_url, autocommit=True, connect_timeout=5)
        return self._watch

    def count(self, tenants: Sequence[str]) -> int:
        """Events of these tenants that are done, or dead letters; -1 while the database is away."""
        done = "SELECT count(DISTINCT (tenant_id, event_id)) FROM effects WHERE tenant_id = ANY (%(tenants)s)"
        dead = "SELECT count(*) FROM engine_deadletter WHERE tenant_id = ANY (%(tenants)s) AND event_id <> ''"
        try:
            row = self.watch().execute(f"SELECT ({done}) + ({dead})", {"tenants": list(tenants)}).fetchone()
        except psycopg.Error:
            return -1
        return row[0] if row else -1

    def left_behind(self) -> dict[str, int]:
        """Keys of Redis that an idle engine has no use for, by kind."""
        kinds: dict[str, int] = {}
        with self.direct() as client:
            for name in client.scan_iter(match="{fairlane}:*", count=1000):
                kind = name.decode().removeprefix("{fairlane}:").partition(":")[0].partition(".")[0]
                if kind not in ("clock", "cost", "debt", "tenant"):
                    kinds[kind] = kinds.get(kind, 0) + 1
        return kinds

    def judge(self, log: Path) -> dict[str, Any]:
        """What the oracle says, in a process of its own."""
        result = subprocess.run(
            [sys.executable, str(ORACLE), str(log), self.worker_url], capture_output=True, text=True, cwd=self.folder
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def close(self) -> None:
        """Nodes first."""
        for node in self.nodes:
            node.close()
        self.front.close()
        if self._watch is not None:
            self._watch.close()


def tenants_ready(tenants: Sequence[str]) -> None:
    """Registered, and their lane counts known to this process: the producer's thread needs no database."""
    connections.close_all()  # the database may have been killed since
    register(*tenants)
    for tenant in tenants:
        control.lane_count(tenant)


@contextmanager
def made(nodes: int = 2, begin: type[Worker] = Worker, **environment: str) -> Iterator[World]:
    """A world with nodes that have these variables; thrown away at the end, however it comes."""
    with tempfile.TemporaryDirectory(prefix="fairlane-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        servers = embedded.start(folder / "data", durable=False, postgres_options=POSTGRES, valkey_options=VALKEY)
        world = None
        try:
            _prepare(servers)
            world = World(folder, servers, _environment() | environment, begin)
            django.setup()
            call_command("migrate", database="owner", verbosity=0, interactive=False)
            with psycopg.connect(os.environ["OWNER_DATABASE_URL"]) as owner:
                owner.execute(handler.MAKE_TABLE)
                owner.execute("CREATE INDEX ON effects (tenant_id)")
            for number in range(nodes):
                world.add_node(f"node{number}")
            world.wait_until_ready()
            yield world
        finally:
            if world is not None:
                world.close()
            servers.stop()
            embedded.remove(folder / "data")


def _prepare(servers: embedded.Servers) -> None:
    urls = prepare_database(servers.postgres_url)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="tests.chaos.settings",
        SECRET_KEY=secrets.token_hex(32),
        DATABASE_URL=urls.app,
        WORKER_DATABASE_URL=urls.worker,
        OWNER_DATABASE_URL=urls.owner,
        REDIS_URL=servers.redis_url,
    )


def _environment() -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
        "FAIRLANE_LEASE_SECONDS": str(LEASE_SECONDS),
        "FAIRLANE_RUN_SECONDS": str(RUN_SECONDS),
    }
