"""Empty tables for the next test: a thousand tests begin with that, so it keeps its connections and drops no files."""

from __future__ import annotations

import psycopg
from psycopg import sql

#: Made by migrations, not by tests.
KEPT = ["django_migrations", "django_content_type", "auth_permission"]

#: Up to this size DELETE is ten times as fast as TRUNCATE, which makes and drops a file for the table, each partition
#: and each index. Up to ten pages the planner sees no difference to an empty table.
LARGE_BYTES = 10 * 8192

#: Tables that have pages, and how much with their partitions.
TABLES = """
SELECT relname, bytes
FROM pg_class AS c, coalesce(
  (SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(c.oid)),
  pg_relation_size(c.oid)
) AS bytes
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
  AND relname <> ALL (%s) AND bytes > 0
"""

_connections: dict[str, psycopg.Connection] = {}


def empty_tables(url: str) -> None:
    """Of the database at a superuser's address. A transaction that a test left open is named by the error."""
    admin = _connection(url)
    sizes = dict(admin.execute(TABLES, [KEPT]).fetchall())
    used = _used(admin, list(sizes))
    if not used:
        return
    small = [name for name in used if sizes[name] <= LARGE_BYTES]
    with admin.transaction():
        admin.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(_list(used)))
        if large := [name for name in used if sizes[name] > LARGE_BYTES]:
            admin.execute(sql.SQL("TRUNCATE {} CASCADE").format(_list(large)))
        admin.execute(sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in small))


def _used(admin: psycopg.Connection, names: list[str]) -> list[str]:
    """Those that hold rows."""
    if not names:
        return []
    each = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    found = admin.execute(
        sql.SQL(" UNION ALL ").join(each.format(sql.Literal(name), sql.Identifier(name)) for name in names)
    )
    return [name for (name,) in found]


def _connection(url: str) -> psycopg.Connection:
    """One that answers: the last test may have killed the server. Triggers, and so references, are not heeded."""
    try:
        _connections[url].execute("SELECT 1")
    except (KeyError, psycopg.OperationalError):
        options = "-c session_replication_role=replica -c lock_timeout=10s"
        _connections[url] = psycopg.connect(url, autocommit=True, options=options)
    return _connections[url]


def _list(names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
