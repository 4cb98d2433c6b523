"""Fixtures of all tests. Integration and acceptance tests run as the roles of production, on real commits.

They need no django_db mark and must not use `django_db(transaction=True)`: it empties tables with
TRUNCATE, which the application's role may not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import close_old_connections, connections
from pytest_django.plugin import DjangoDbBlocker
from redis.backoff import NoBackoff
from redis.retry import Retry

from engine import conf, db, enqueue, placement
from engine.impatient import base as impatient
from engine.roles import Urls
from settings.databases import aliases, owner_alias, variable, worker_urls
from tests import invariants
from tests import servers as plugin
from tests.emptying import empty_tables


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> None:
    """Instead of a database made by pytest-django: the one of tests/servers.py, migrated by its owner."""
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0, interactive=False)
        connections.close_all()


@pytest.fixture(autouse=True)
def _fresh(request: pytest.FixtureRequest) -> None:
    """Tests that need servers begin on empty ones; unit tests touch none."""
    if {"integration", "acceptance"} & set(Path(request.path).parts):
        request.getfixturevalue("clean")


@pytest.fixture
def clean(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Empty tables and an empty Valkey; Django may use the database during the test.

    What the test left behind is whole: its lanes obey their invariants, and did whenever `maintain` looked.
    """
    empty_tables(plugin.as_admin(os.environ["OWNER_DATABASE_URL"]))
    with client() as valkey:
        valkey.flushdb()
    enqueue._untold.clear()
    placement.forget()
    with django_db_blocker.unblock():
        yield
        _let_go()
    if request.node.get_closest_marker("breaks_lanes") is None:
        assert invariants.broken(os.environ["REDIS_URL"], os.environ["WORKER_DATABASE_URL"]) == {}


@pytest.fixture(scope="session")
def blue_urls(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Urls:
    """A second database on the same server, migrated by its owner."""
    urls = plugin.second_database("blue")
    with django_db_blocker.unblock(), further_database("blue", urls):
        call_command("migrate", database=owner_alias("blue"), verbosity=0, interactive=False)
    return urls


@pytest.fixture
def blue(clean: None, blue_urls: Urls) -> Iterator[Urls]:
    """The second database, empty: Django and the engine know it, and every process that the test starts."""
    empty_tables(plugin.as_admin(blue_urls.owner))
    with further_database("blue", blue_urls):
        yield blue_urls


def _let_go() -> None:
    """No transaction stays open; a connection that is as it was at its beginning serves the next test."""
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            connection.close()
    close_old_connections()


@contextmanager
def further_database(name: str, urls: Urls) -> Iterator[None]:
    """As if the settings had been read with one more database."""
    roles = {"DATABASE_URL": urls.app, "WORKER_DATABASE_URL": urls.worker, "OWNER_DATABASE_URL": urls.owner}
    known = connections.settings
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRLANE_DATABASES", name)
        for role, url in roles.items():
            patch.setenv(variable(role, name), url)
        patch.setitem(settings.ENGINE, "databases", worker_urls(os.environ))
        connections.settings = connections.configure_settings(aliases(os.environ, 60))
        _forget_settings()
        yield
        for alias in (name, owner_alias(name)):
            connections[alias].close()
            del connections[alias]
    connections.settings = known
    _forget_settings()


def _forget_settings() -> None:
    conf.conf.cache_clear()
    placement.forget()
    impatient.forget()


@pytest.fixture
def owner_connection(clean: None) -> Iterator[psycopg.Connection]:
    """As fairlane_owner, each statement its own transaction."""
    with psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def worker_connection(clean: None) -> Iterator[psycopg.Connection]:
    """As the engine's workers connect: fairlane_worker, a transaction until commit() or rollback()."""
    connection = db.connect(os.environ["WORKER_DATABASE_URL"], "fairlane-test")
    yield connection
    connection.close()


@pytest.fixture
def valkey(clean: None) -> Iterator[redis.Redis]:
    """A client of the broker that never repeats a command by itself."""
    with client() as connected:
        yield connected


@pytest.fixture
def servers() -> plugin.embedded.Servers:
    """The servers of this process, to kill() and start() them. Skips where they are not ours."""
    if plugin.servers is None:
        pytest.skip("the servers were given by TEST_ADMIN_DATABASE_URL and cannot be killed")
    return plugin.servers


def client() -> redis.Redis:
    """For Valkey in the tests' own process."""
    return redis.Redis.from_url(os.environ["REDIS_URL"], retry=Retry(NoBackoff(), 0), socket_timeout=10)
