"""Servers, nodes behind proxies and the table of effects: made once, used by every round."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
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

from engine import embedded
from engine.lanes import BROKER_ERRORS
from engine.roles import prepare_database
from tests import handler, invariants
from tests.acceptance.harness import Worker, register, wait_until
from tests.chaos.doors import Door, DoorProcess
from tests.chaos.machine import Namespace, namespace, small_disk
from tests.chaos.nodes import Begin, Node, database_through, through
from tests.chaos.proxy import Proxy

LEASE_SECONDS = 2.0
RUN_SECONDS = 5.0
DOORS = 2
ORACLE = Path(__file__).with_name("oracle.py")

#: Ready to judge order by the time of commit; enough connections for proxies that leave some half-open.
POSTGRES = {"track_commit_timestamp": "on", "max_connections": "200"}
VALKEY = {"appendfsync": "always"}


#: What Redis keeps of an idle engine.
KEPT = ("clock", "cost", "counts", "debt", "epochs", "pressure", "tenant")

SPILLED = """
SELECT coalesce(sum(m.last), 0), count(*) FILTER (WHERE m.spill OR EXISTS (
    SELECT FROM engine_spill AS s WHERE s.tenant_id = m.tenant_id AND s.lane = m.lane))
FROM engine_lanemode AS m WHERE m.tenant_id = ANY (%(tenants)s)
"""


class Maintain(Worker):
    """One life of `manage.py maintain`."""

    def __init__(self, log: Path, *, concurrency: int = 1, **environment: str) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "maintain"],
                stdout=out,
                stderr=out,
                start_new_session=True,
                env=os.environ | environment,
            )


class World:
    """What rounds need."""

    def __init__(
        self,
        folder: Path,
        servers: embedded.Servers,
        environment: dict[str, str],
        begin: Begin,
        needs: Collection[str],
    ) -> None:
        self.begin = begin
        self.folder = folder
        self.disk = folder / "disk"  #: of the servers' data
        self.servers = servers
        self.log = folder / "accepted.ndjson"  #: of all rounds
        self.front = self._redis_proxy()  #: between this process and Redis
        os.environ["REDIS_URL"] = through(servers.redis_url, self.front)
        self.worker_url = os.environ["WORKER_DATABASE_URL"]
        self.app_url = os.environ["DATABASE_URL"]
        self.nodes: list[Node] = []
        self.doors: list[Door] = []
        self.maintain: list[Node] = []
        self.journal = environment.get("FAIRLANE_JOURNAL") == "1"  #: accepted events outlive a loss of Redis's memory
        self.needs = needs  #: of tests/chaos/machine.py, what there is
        self.namespace: Namespace | None = None  #: of the first node
        self.environment = environment
        self.tenants: list[str] = []  #: of the round that is played
        self.aborts: dict[str, float] = {}  #: tenant -> when what waited of it had been thrown away
        self.afterwards: list[Callable[[], bool]] = []  #: what is to be done, and done, when all harm has ended
        self._watch: psycopg.Connection | None = None
        self._broken: dict[str, int] = {}

    @property
    def all(self) -> list[Node]:
        """Everything that runs under a supervisor."""
        return [*self.nodes, *self.doors, *self.maintain]

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

    def _redis_proxy(self, host: str = "127.0.0.1") -> Proxy:
        port = int(self.servers.redis_url.rpartition(":")[2].partition("/")[0])
        return Proxy(lambda: socket.create_connection(("127.0.0.1", port)), host)

    def _database_proxy(self, host: str = "127.0.0.1") -> Proxy:
        path = str(Path(str(conninfo_to_dict(self.worker_url)["host"])) / ".s.PGSQL.5432")

        def connect() -> socket.socket:
            end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            end.connect(path)
            return end

        return Proxy(connect, host)

    # -- processes

    def add_node(self, name: str, network: Namespace | None = None) -> None:
        """Starts one, in a network of its own where one is given; it is not waited for."""
        begin, host = (network.begin, network.host) if network else (self.begin, "127.0.0.1")
        to_redis, to_database = self._redis_proxy(host), self._database_proxy(host)
        self.nodes.append(self._node(Node, name, to_redis, to_database, begin))

    def add_maintain(self) -> None:
        """`manage.py maintain`, likewise."""
        self.maintain.append(self._node(Node, "maintain", self._redis_proxy(), self._database_proxy(), Maintain, b""))

    def add_door(self, name: str, guards_off: str) -> None:
        """A process that accepts events, likewise."""
        to_redis, to_database = self._redis_proxy(), self._database_proxy()
        environment = {
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "CHAOS_GUARDS_OFF": guards_off,
            "FAIRLANE_JOURNAL": str(int(self.journal)),
            "REDIS_URL": through(self.servers.redis_url, to_redis),
            "DATABASE_URL": database_through(self.app_url, to_database),
            "WORKER_DATABASE_URL": "",
        }
        self.doors.append(Door(name, self.folder, to_redis, to_database, environment, DoorProcess))

    def _node(
        self, kind: type[Node], name: str, to_redis: Proxy, to_database: Proxy, begin: Begin, word: bytes = b" ready."
    ) -> Node:
        addresses = {
            "REDIS_URL": through(self.servers.redis_url, to_redis),
            "WORKER_DATABASE_URL": database_through(self.worker_url, to_database),
        }
        order = {"CHAOS_STAND_STILL": str(self.folder / f"{name}.order")}
        return kind(name, self.folder, to_redis, to_database, self.environment | addresses | order, begin, word)

    def wait_until_ready(self) -> None:
        """Every node consumes, every door accepts."""
        for one in self.all:
            one.wait_until_ready()

    def heal(self) -> None:
        """Whatever a fault left behind that no product could mend."""
        for proxy in self._proxies():
            proxy.mode = "pass"
            proxy.disarm()
        for door in self.doors:
            door.mischief = {}
            door.resume()
        while self.afterwards:
            wait_until(self.afterwards.pop(0), "an operator's change cannot be made")

    def cut(self) -> int:
        """Replies that were lost or cut short so far."""
        return sum(proxy.hits for proxy in self._proxies())

    def _proxies(self) -> list[Proxy]:
        return [self.front, *[proxy for one in self.all for proxy in one.proxies]]

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

    def spilled(self, tenants: Sequence[str]) -> tuple[int, int]:
        """How many events of these tenants were spilled so far, and how many of their lanes still are in spill mode
        or have events in the buffer.
        """
        row = self.watch().execute(SPILLED, {"tenants": list(tenants)}).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def is_idle(self, tenants: Sequence[str]) -> bool:
        """Whether no event of these tenants waits or is in work."""
        try:
            with self.direct() as client:
                held = [client.exists(f"{{fairlane}}:work:{tenant}") for tenant in tenants]
                waiting = [client.zscore("{fairlane}:depth", tenant) for tenant in tenants]
            return not any([*held, *waiting, self.spilled(tenants)[1]])
        except (psycopg.Error, *BROKER_ERRORS):
            return False

    def left_behind(self) -> dict[str, int]:
        """Keys of Redis that an idle engine has no use for, by kind."""
        kinds: dict[str, int] = {}
        with self.direct() as client:
            for name in client.scan_iter(match="{fairlane}:*", count=1000):
                kind = name.decode().removeprefix("{fairlane}:").partition(":")[0].partition(".")[0]
                if kind not in KEPT:
                    kinds[kind] = kinds.get(kind, 0) + 1
        return kinds

    def broken_invariants(self) -> dict[str, int]:
        """What the reconciler finds, in this round for the first time."""
        found = invariants.broken(self.servers.redis_url, self.worker_url)
        new = {kind: times - self._broken.get(kind, 0) for kind, times in found.items()}
        self._broken = found
        return {kind: times for kind, times in new.items() if times > 0}

    def judge(self, log: Path) -> dict[str, Any]:
        """What the oracle says, in a process of its own."""
        result = subprocess.run(
            [sys.executable, str(ORACLE), str(log), self.worker_url], capture_output=True, text=True, cwd=self.folder
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def keep_logs(self, name: str) -> Path:
        """A copy of what everybody said. Returns its folder."""
        kept = Path(tempfile.gettempdir()) / f"fairlane-chaos-logs-{os.getpid()}" / name
        kept.mkdir(parents=True)
        for log in [*self.folder.glob("*.log"), *(self.disk / "data").glob("*.log"), *self.folder.glob("*.ndjson")]:
            shutil.copy(log, kept)
        return kept

    def close(self) -> None:
        """Nodes first."""
        for one in self.all:
            one.close()
        self.front.close()
        if self._watch is not None:
            self._watch.close()


def tenants_ready(world: World, tenants: Sequence[str]) -> None:
    """Registered, and known to the doors: their lane counts need no database any more."""
    connections.close_all()  # the database may have been killed since
    register(*tenants)
    for door in world.doors:
        wait_until(partial(door.knows, tenants), f"{door.name} knows no tenants")


@contextmanager
def made(
    nodes: int = 2, begin: type[Worker] = Worker, needs: Collection[str] = (), door: str = "", **environment: str
) -> Iterator[World]:
    """A world with nodes that have these variables; thrown away at the end, however it comes.

    `needs`: of tests/chaos/machine.py, what this machine has; `door`: guards that doors do without.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(_folder()))
        disk = folder / "disk"
        disk.mkdir(mode=0o711)
        if "disk" in needs:
            stack.enter_context(small_disk(disk))
        data = disk / "data"
        servers = embedded.start(data, durable=False, postgres_options=POSTGRES, valkey_options=VALKEY)
        stack.callback(embedded.remove, data)
        stack.callback(servers.stop)
        _prepare(servers)
        world = World(folder, servers, _environment() | environment, begin, needs)
        network = stack.enter_context(namespace()) if "namespace" in needs else None
        stack.callback(world.close)
        _migrate()
        world.namespace = network
        for number in range(nodes):
            world.add_node(f"node{number}", None if number else network)
        world.add_maintain()
        for number in range(DOORS):
            world.add_door(f"door{number}", door)
        world.wait_until_ready()
        yield world


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fairlane-chaos-", ignore_cleanup_errors=True)


def _migrate() -> None:
    django.setup()
    call_command("migrate", database="owner", verbosity=0, interactive=False)
    with psycopg.connect(os.environ["OWNER_DATABASE_URL"]) as owner:
        owner.execute(handler.MAKE_TABLE)
        owner.execute("CREATE INDEX ON effects (tenant_id)")


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
