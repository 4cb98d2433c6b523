"""On which database a tenant lives. The database `default` is the directory that knows it."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from django.db import connections

from engine.conf import conf
from engine.sql import load

QUERIES = load("engine.sql", "placement.sql")

#: The database that knows where the tenants are; some of them may live on it.
DIRECTORY = "default"

_databases: dict[str, str] = {}
_at_home: set[str] = set()


def database_of(tenant: str) -> str:
    """The name of the tenant's database. It never changes, so it is remembered; where there is one only, nobody asks.

    The directory for a tenant that does not exist, of whom there are no rows anywhere.
    """
    if len(conf().databases) == 1:
        return DIRECTORY
    database = _databases.get(tenant)
    if database is None:
        with connections[DIRECTORY].cursor() as cursor:
            cursor.execute(QUERIES["select_database_of_tenant"], [tenant])
            row = cursor.fetchone()
        if row is None:
            return DIRECTORY
        database = _databases[tenant] = row[0]
    return database


def live_elsewhere(worker: psycopg.Connection, database: str, tenants: Iterable[str]) -> set[str]:
    """Those of the tenants whose events do not belong to the database that this connection is to.

    A Redis that forgot where tenants live takes all of them for the directory's: only there is it asked, once for
    each tenant and process.
    """
    if database != DIRECTORY or len(conf().databases) == 1:
        return set()
    unknown = set(tenants) - _at_home
    if not unknown:
        return set()
    rows = worker.execute(QUERIES["select_tenants_elsewhere"], [sorted(unknown)]).fetchall()
    strangers = {tenant for (tenant,) in rows}
    _at_home.update(unknown - strangers)
    return strangers


def forget() -> None:
    """Look everything up again."""
    _databases.clear()
    _at_home.clear()
