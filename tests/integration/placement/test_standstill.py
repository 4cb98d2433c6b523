"""A database that neither answers nor refuses: it keeps nobody but its own tenants waiting, and no event is blamed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from django.db import OperationalError, connections
from psycopg import generators

from campaigns.tenancy import tenant_context
from campaigns.vocabularies import vocabularies
from engine import db, silence, tasks
from engine.embedded import Servers
from engine.impatient import base
from engine.impatient.base import ask_leave, forget
from engine.roles import Urls
from engine.silence import ServerSilent
from tests.acceptance.harness import wait_until
from tests.chaos.proxy import Proxy
from tests.conftest import further_database
from tests.emptying import empty_tables
from tests.integration.placement.bundles import closed, let_wait_end, proxy_to, run_bundles, silent, through
from tests.integration.placement.test_execution import Shops, fresh_process, orders, send, shops
from tests.servers import as_admin

__all__ = ["fresh_process", "shops"]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(silence, "ANSWER_SECONDS", 2)


@pytest.fixture
def line(clean: None, servers: Servers, blue_urls: Urls) -> Iterator[Proxy]:
    """The way to the second database."""
    proxy = proxy_to(blue_urls.app)
    yield proxy
    proxy.close()


@pytest.fixture
def blue(line: Proxy, blue_urls: Urls) -> Iterator[Urls]:
    """Instead of the one of tests/conftest.py."""
    empty_tables(as_admin(blue_urls.owner))
    urls = replace(blue_urls, app=through(line, blue_urls.app), worker=through(line, blue_urls.worker))
    with further_database("blue", urls):
        yield urls


def test_a_statement_that_is_only_long_is_waited_for(clean: None, servers: Servers, blue_urls: Urls) -> None:
    with db.connect(blue_urls.worker, "fairlane-test") as connection:
        assert connection.execute("SELECT pg_sleep(1), 7").fetchone()[1] == 7
        connection.rollback()
        connection.autocommit = True
        with closed(blue_urls.worker), pytest.raises(psycopg.OperationalError) as ended:
            connection.execute("SELECT pg_sleep(5)")
    assert not isinstance(ended.value, ServerSilent)


def test_a_silent_server_ends_the_wait(line: Proxy, blue: Urls) -> None:
    with db.connect(blue.worker, "fairlane-test") as connection:
        began = time.monotonic()
        with silent(line), pytest.raises(ServerSilent):
            connection.execute("SELECT 1")

        assert time.monotonic() - began < 4
        assert connection.closed


def test_a_connection_that_was_lost_without_a_word_ends_the_wait(line: Proxy, blue: Urls) -> None:
    """The server is well and lets everybody in, but knows nothing of what this one asked."""
    with db.connect(blue.worker, "fairlane-test") as connection:
        connection.execute("SELECT 1")
        with silent(line):
            connection.pgconn.send_query(b"SELECT 2")
            wait_until(lambda: any(link.is_dead for link in line._all()), "the network swallows nothing")
        began = time.monotonic()
        with pytest.raises(ServerSilent, match="without a word"):
            connection.wait(generators.fetch_many(connection.pgconn))

        assert time.monotonic() - began < 4
        assert connection.closed


def test_a_bundle_of_a_silent_database_is_given_back_without_blame(
    shops: Shops, line: Proxy, directory_worker: psycopg.Connection, blue_urls: Urls
) -> None:
    send(shops, count=1)
    run_bundles("default", "blue")
    send(shops, first=1)
    with silent(line):
        let_wait_end()
        (outcome,) = run_bundles("blue")
        assert outcome.startswith("given back, ")
        run_bundles("default")
        assert orders(directory_worker) == [("whale", 4)]
    let_wait_end()
    wait_until(lambda: bool(run_bundles("blue")), "the node does not come back to it")

    with psycopg.connect(blue_urls.worker) as worker:
        assert orders(worker) == [("minnow", 4)]
    assert not tasks.lanes().client.exists("{fairlane}:suspects")


def test_events_are_accepted_while_their_database_is_silent(shops: Shops, line: Proxy) -> None:
    vocabularies.of("minnow")
    known = vocabularies.of("minnow")
    with silent(line):
        for n in range(3):
            for kept in list(vocabularies._kept):
                vocabularies._kept[kept] = vocabularies._kept[kept]._replace(seen_at=0.0)
            began = time.monotonic()
            send(shops, first=n, count=1)
            if n:
                assert time.monotonic() - began < 1, "each request waits anew"
        assert vocabularies.of("minnow") is known
    assert [len(shop.waiting()) for shop in shops.values()] == [3, 3]


def test_without_a_known_schema_nothing_is_accepted(shops: Shops, line: Proxy) -> None:
    vocabularies.forget()
    with silent(line):
        answer = shops["minnow"].post(b'{"lead":"a","type":"note"}')
        assert shops["whale"].post(b'{"lead":"a","type":"note"}').status_code == 202
    assert (answer.status_code, answer.json()["error"]) == (503, "database_down")


def test_one_at_a_time_tries_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_leave("blue", 9.0)
    monkeypatch.setitem(base._next_try, "blue", 10.0)

    with pytest.raises(psycopg.OperationalError):
        ask_leave("blue", 9.0)
    ask_leave("blue", 10.0)
    with pytest.raises(psycopg.OperationalError):
        ask_leave("blue", 10.1)
    ask_leave("blue", 10.0 + base.PAUSE_SECONDS)
    ask_leave("green", 9.0)


def test_a_database_that_is_back_is_used_again(shops: Shops, line: Proxy) -> None:
    with silent(line):
        connections["blue"].close()
        with pytest.raises(OperationalError), tenant_context("minnow"):
            pass
        with pytest.raises(OperationalError, match="did not answer a moment ago"), tenant_context("minnow"):
            pass
    forget()

    with tenant_context("minnow"):
        pass
