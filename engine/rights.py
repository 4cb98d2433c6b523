"""Which rows Django's connection may see and write, where row-level security keeps tenants apart; for one block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction

from engine.placement import DIRECTORY, database_of
from engine.sql import load

QUERIES = load("engine.sql", "rights.sql")


@contextmanager
def operator() -> Iterator[Any]:
    """A cursor in a transaction, or savepoint, of the directory that may write what is the operators'."""
    with setting(DIRECTORY, "fairlane.operator", "on") as cursor:
        yield cursor


@contextmanager
def rows_of(tenant: str) -> Iterator[Any]:
    """A cursor in a transaction, or savepoint, on the tenant's database that sees and writes the tenant's rows."""
    with setting(database_of(tenant), "fairlane.tenant", tenant) as cursor:
        yield cursor


@contextmanager
def setting(database: str, name: str, value: str) -> Iterator[Any]:
    """A cursor in a transaction, or savepoint, during which a setting holds, and no longer.

    After a savepoint what was before holds again; on an error the rollback sees to that.
    """
    nested = connections[database].in_atomic_block
    with transaction.atomic(using=database), connections[database].cursor() as cursor:
        cursor.execute(QUERIES["exchange_setting"], {"name": name, "value": value})
        before = cursor.fetchone()[0]
        yield cursor
        if nested:
            cursor.execute(QUERIES["exchange_setting"], {"name": name, "value": before})
