"""Makes the database and the three roles of ARCHITECTURE.md, "Isolation"; can be repeated at any time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from engine.errors import UnsafeRole
from engine.sql import load

QUERIES = load("engine.sql", "roles.sql")

OWNER = "fairlane_owner"
APP = "fairlane_app"
WORKER = "fairlane_worker"
ROLES = (OWNER, APP, WORKER)


@dataclass(frozen=True)
class Urls:
    """How each role reaches the database."""

    owner: str
    app: str
    worker: str


def prepare_database(admin_url: str, name: str = "fairlane", passwords: Mapping[str, str] | None = None) -> Urls:
    """Make roles, database and privileges where they are missing, and return the addresses.

    1. `admin_url` is of a role that may make roles and databases; it needs an existing database.
    2. `passwords` is by role; None where the server trusts its socket. Given ones replace old ones.
    3. Tables that exist keep their privileges; new ones of the owner get the default privileges.

    Raises UnsafeRole when a role exists with rights it must not have.
    """
    with psycopg.connect(admin_url, autocommit=True, connect_timeout=5) as admin:
        admin.execute(QUERIES["lock_preparation"])
        _make_roles(admin, passwords or {})
        _make_database(admin, name)
        with psycopg.connect(admin_url, dbname=name, autocommit=True, connect_timeout=5) as inside:
            inside.execute(QUERIES["grant_defaults"])
    owner, app, worker = (role_url(admin_url, role, name, passwords) for role in ROLES)
    return Urls(owner=owner, app=app, worker=worker)


def role_url(admin_url: str, role: str, name: str, passwords: Mapping[str, str] | None) -> str:
    """The admin's address as another role: same server, same TLS and other parameters."""
    rest = {key: str(value) for key, value in conninfo_to_dict(admin_url).items() if value is not None}
    for key in ("user", "password", "dbname"):
        rest.pop(key, None)
    password = (passwords or {}).get(role)
    login = quote(role, safe="") + (f":{quote(password, safe='')}" if password else "")
    # A socket's folder cannot stand before the path; hosts and ports can always be parameters.
    return f"postgresql://{login}@/{quote(name, safe='')}?{urlencode(rest, quote_via=quote, safe='')}"


def _make_roles(admin: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    admin.execute(QUERIES["create_missing_roles"])
    for (role,) in admin.execute(QUERIES["list_unsafe_roles"]).fetchall():
        raise UnsafeRole(f"{role} exists with other rights than it shall have")
    for role, other in admin.execute(QUERIES["list_unsafe_memberships"]).fetchall():
        raise UnsafeRole(f"{role} is a member of {other}")
    for role, password in passwords.items():
        # Hashed here, so that the statement can be logged.
        secret = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), secret.decode())
        admin.execute(statement)


def _make_database(admin: psycopg.Connection, name: str) -> None:
    if not admin.execute(QUERIES["find_database"], [name]).fetchone():
        admin.execute(QUERIES["join_owner"])
        admin.execute(_for_database("create_database", name))
    admin.execute(_for_database("limit_database", name))


def _for_database(query: str, name: str) -> sql.Composed:
    return sql.SQL(QUERIES[query]).format(database=sql.Identifier(name))
