"""What a worker node does, in the tests' own process, on each database."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from engine import tasks
from engine.lanes import lanes
from tests import servers as plugin
from tests.chaos.proxy import Proxy

_numbers = itertools.count()


def run_bundles(*databases: str) -> list[str]:
    """Lease and execute until there is nothing more to lease. Returns the outcomes."""
    outcomes = []
    for database in databases:
        while lanes().lease(bundle := f"bundle-{next(_numbers)}", "test", database):
            outcomes.append(tasks.run_bundle(bundle=bundle, database=database))
    return outcomes


def let_wait_end() -> None:
    """As if the wait of all lanes that were set aside had passed."""
    for place in lanes().client.zrange("{fairlane}:later", 0, -1):
        lanes().client.zadd("{fairlane}:later", {place: 1})


@contextmanager
def closed(url: str) -> Iterator[None]:
    """A database that lets nobody in; those who were in are thrown out."""
    assert plugin.servers is not None
    name = conninfo_to_dict(url)["dbname"]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(plugin.servers.postgres_url, autocommit=True) as admin:
        admin.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            admin.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def proxy_to(url: str) -> Proxy:
    """A network that may fail, before the embedded server of a URL."""
    path = Path(str(conninfo_to_dict(url)["host"])) / ".s.PGSQL.5432"

    def connect() -> socket.socket:
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        end.connect(str(path))
        return end

    return Proxy(connect)


def through(proxy: Proxy, url: str) -> str:
    """The URL by way of the proxy."""
    return make_conninfo(url, host=proxy.host, port=proxy.port)


@contextmanager
def silent(proxy: Proxy) -> Iterator[None]:
    """Whoever asks hears nothing; connections that said something meanwhile stay dead."""
    proxy.mode = "black-hole"
    try:
        yield
    finally:
        proxy.mode = "pass"
