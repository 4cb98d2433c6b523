"""Which rows Django's connection may see and write, where row-level security keeps tenants apart; for one block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from engine.sql import load

QUERIES = load("engine.sql", "rights.sql")


@contextmanager
def operator() -> Iterator[Any]:
    """A cursor in a transaction, or savepoint, that may write what is the operators'."""
    with _setting("fairlane.operator", "on") as cursor:
        yield cursor


@contextmanager
def rows_of(tenant: str) -> Iterator[Any]:
    """A cursor in a transaction, or savepoint, that sees and writes one tenant's rows."""
    with _setting("fairlane.tenant", tenant) as cursor:
        yield cursor


@contextmanager
def _setting(name: str, value: str) -> Iterator[Any]:
    """After a savepoint what was before holds again; on an error the rollback sees to that."""
    nested = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(QUERIES["exchange_setting"], {"name": name, "value": value})
        before = cursor.fetchone()[0]
        yield cursor
        if nested:
            cursor.execute(QUERIES["exchange_setting"], {"name": name, "value": before})
