"""COMMIT is sent, its answer never comes: the effects may be there or not. The ledger knows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from engine import tasks
from engine.errors import DatabaseDown
from engine.executor import Executor
from tests import handler
from tests.events import events
from tests.integration.engine.bundles import dead, effects, executor, ids, lane
from tests.proxy import Proxy, in_front_of_socket

pytestmark = pytest.mark.usefixtures("effects")


@pytest.fixture
def proxied() -> Iterator[tuple[Proxy, Executor]]:
    """An executor whose connection goes through a proxy."""
    url = os.environ["WORKER_DATABASE_URL"]
    parts = conninfo_to_dict(url)
    host = str(parts.get("host", ""))
    if not host.startswith("/"):
        pytest.skip("PostgreSQL is not on a local socket")
    proxy = in_front_of_socket(str(Path(host) / f".s.PGSQL.{parts.get('port') or 5432}"))
    connection = tasks._connect(make_conninfo(url, host="127.0.0.1", port=proxy.port))
    yield proxy, executor(connection)
    connection.close()
    proxy.close()


@pytest.fixture
def watch() -> Iterator[psycopg.Connection]:
    with tasks._connect(os.environ["WORKER_DATABASE_URL"]) as connection:
        yield connection


def test_a_commit_that_is_not_answered_is_executed_once(
    proxied: tuple[Proxy, Executor], watch: psycopg.Connection
) -> None:
    proxy, far = proxied
    whale, minnow = events("whale", "ada", 3), events("minnow", "bob", 1)
    bundle = [lane(whale), lane(minnow)]
    proxy.lose(lambda request: b"COMMIT" in request)

    with pytest.raises(DatabaseDown):
        far.execute(bundle)
    assert (proxy.lost, effects(watch)) == (1, ids([*whale, *minnow]))  # it was committed
    executor(watch).execute(bundle)

    assert (effects(watch), dead(watch)) == (ids([*whale, *minnow]), [])


def test_a_statement_that_is_not_answered_is_executed_once(
    proxied: tuple[Proxy, Executor], watch: psycopg.Connection
) -> None:
    proxy, far = proxied
    whale, minnow = events("whale", "ada", 3), events("minnow", "bob", 1)
    bundle = [lane(whale), lane(minnow)]
    proxy.lose(lambda request: handler.INSERT.split(" (")[0].encode() in request)

    with pytest.raises(DatabaseDown):
        far.execute(bundle)
    executor(watch).execute(bundle)

    assert (effects(watch), dead(watch)) == (ids([*whale, *minnow]), [])
