"""Acme on the directory, Zeta on a database of its own; their rows have the same keys."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from engine.roles import Urls
from tests.integration.campaigns.world import ACME, ZETA, make_tenant


@pytest.fixture
def tenants(blue: Urls) -> None:
    """Of each tenant a row in every table."""
    make_tenant(ACME)
    make_tenant(ZETA, database="blue")


@pytest.fixture
def blue_worker(blue: Urls) -> Iterator[psycopg.Connection]:
    """Sees every tenant of the second database."""
    with psycopg.connect(blue.worker, autocommit=True) as connection:
        yield connection


@pytest.fixture
def directory_worker(blue: Urls, worker_connection: psycopg.Connection) -> psycopg.Connection:
    """Sees every tenant of the directory."""
    worker_connection.autocommit = True
    return worker_connection
