"""Events that wait: in the outbox, in the buffer, in their lanes. Read as bytes, so that what executes them is not
trusted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import psycopg
import redis

from campaigns.audit.identity import key_of

#: Events read at once.
CHUNK = 1000

#: Tenant and ledger key of an event.
Waiting = tuple[str, str]


def in_outbox(connection: psycopg.Connection, query: str, tenant: str | None) -> Iterator[Waiting]:
    """What transactions have left for their lanes. Needs a connection in autocommit."""
    with connection.transaction(), connection.cursor(name="audit_outbox") as rows:
        rows.execute(query, {"tenant": tenant})
        for owner, body in rows:
            yield from _keys(owner, bytes(body).splitlines())


def in_buffer(connection: psycopg.Connection, query: str, tenant: str | None) -> Iterator[list[Waiting]]:
    """What was spilled into PostgreSQL, some at a time."""
    last = {"tenant_id": "", "lane": -1, "number": -1}
    while rows := connection.execute(query, {**last, "tenant": tenant, "limit": CHUNK}).fetchall():
        yield [key for owner, _, _, event in rows for key in _keys(owner, [bytes(event)])]
        last = dict(zip(last, rows[-1], strict=False))


def in_lanes(client: redis.Redis, prefix: str, tenant: str | None) -> Iterator[Waiting]:
    """What is in the lanes; an event may be given twice while they move.

    Each lane is read from its end to its head: events that arrive meanwhile make two parts overlap, and those
    that leave have been committed. From the head to the end, some would slip through.
    """
    pattern = f"{_quoted(prefix)}t.{_quoted(tenant) if tenant else '*'}.*"
    for name in client.scan_iter(match=pattern, count=1000):
        owner = name.decode()[len(prefix) + 2 :].rpartition(".")[0]
        if tenant in (None, owner):
            yield from _in_lane(client, name, owner)


def _in_lane(client: redis.Redis, name: bytes, owner: str) -> Iterator[Waiting]:
    last = -1
    while rows := client.lrange(name, last - CHUNK + 1, last):
        yield from _keys(owner, rows)
        last -= CHUNK


def _keys(owner: str, bodies: Iterable[bytes]) -> Iterator[Waiting]:
    for body in bodies:
        id = _id_of(body)
        if id is not None:
            yield owner, key_of(id)


def _id_of(body: bytes) -> str | None:
    """The event's id; None for bytes that are no event."""
    try:
        id = json.loads(body)["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return id if isinstance(id, str) else None


def _quoted(text: str) -> str:
    """For Redis patterns."""
    return "".join(f"\\{sign}" if sign in "*?[]\\^" else sign for sign in text)
