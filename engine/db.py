"""The engine's own connections to PostgreSQL, and which roles they may use."""

from __future__ import annotations

import psycopg

from engine.conf import conf
from engine.errors import DatabaseDown, UnsafeRole
from engine.silence import WatchedConnection
from engine.sql import load

QUERIES = load("engine.sql", "roles.sql")

#: No statement and no open transaction of the engine lasts longer: a stuck one would hold leads and vacuum. An
#: executor's open transaction has a limit of its own (tasks.py). A client that was killed is noticed while its
#: statement runs, so its locks do not outlive it. No statement is worth compiling: each is short, and there are many.
LIMITS = (
    "-c jit=off -c statement_timeout=30s -c idle_in_transaction_session_timeout=30s"
    " -c client_connection_check_interval=1s"
)


def connect(url: str, application_name: str) -> psycopg.Connection:
    """A connection that gives up on a silent server within about ten seconds. lock_timeout is the caller's."""
    connection = WatchedConnection.connect(
        url,
        application_name=application_name,
        connect_timeout=5,
        options=LIMITS,
        keepalives=1,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
    )
    connection.address = url
    return connection


def connect_worker(database: str, application_name: str) -> psycopg.Connection:
    """As the worker role to a database, in autocommit. Raises DatabaseDown, UnsafeRole and psycopg.Error."""
    url = conf().databases[database]
    if not url:
        raise DatabaseDown("WORKER_DATABASE_URL is not set")
    worker = connect(url, application_name)
    worker.autocommit = True
    refuse_superuser(worker, may_bypass_rls=True)
    return worker


def refuse_superuser(connection: psycopg.Connection, *, may_bypass_rls: bool) -> None:
    """Raises UnsafeRole when the role is a superuser, or bypasses row-level security though it must not.

    Needs a connection with no transaction open and leaves none.
    """
    rows = connection.execute(QUERIES["show_rights_of_session"]).fetchall()
    if not connection.autocommit:
        connection.rollback()
    for role, superuser, bypass in rows:
        if superuser:
            raise UnsafeRole(f"{role} is a superuser")
        if bypass and not may_bypass_rls:
            raise UnsafeRole(f"{role} has BYPASSRLS")
