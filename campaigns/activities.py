"""Activities: what the interpreter records, and their way into the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from campaigns.language.activity import ActivityRow
from engine.sql import load
from engine.types import Event

COPY = load("campaigns.sql", "leads.sql")["copy_activities"]

_encode = msgspec.json.Encoder(decimal_format="string").encode


class Recorder:
    """Collects what came of one tenant's leads in a bundle, in the order of execution."""

    def __init__(self) -> None:
        self.activities: list[ActivityRow] = []
        self.sent: list[Event] = []  #: events for other leads
        self.runs: Counter[int] = Counter()  #: by campaign: runs that began
        self.failed: list[int] = []  #: the campaign of each step that failed
        self.looped: list[int] = []  #: the campaign at which each loop was stopped
        self.deletions_left = 0  #: leads that the tenant may still delete today; known where its campaigns delete


def copy_activities(connection: psycopg.Connection, recorders: Mapping[str, Recorder], now: datetime) -> None:
    """Append them in one COPY. Rows of a lead get rising ids: its row is locked until the commit."""
    recorded_at = now.isoformat().encode()
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for tenant, recorder in recorders.items():
            copy.write(b"".join(_lines(tenant.encode(), recorder.activities, recorded_at)))


def _lines(tenant: bytes, rows: Sequence[ActivityRow], recorded_at: bytes) -> Iterator[bytes]:
    """Rows in the text format of COPY. JSON has no raw tab or newline, so only backslashes need doubling.

    Those of one event follow each other and share their beginning and their key, which are written once.
    """
    of = None
    for lead_id, occurred_at, kind, campaign_id, version, step, event_key, data in rows:
        if of is not event_key:
            of = event_key
            head = b"%b\t%d\t%b\t%b\t" % (tenant, lead_id, recorded_at, occurred_at.isoformat().encode())
            key = event_key.encode()
        json = _encode(data)
        if b"\\" in json:
            json = json.replace(b"\\", b"\\\\")
        yield b"%b%b\t%b\t%b\t%b\t%b\t%b\n" % (
            head, _text(kind), _number(campaign_id), _number(version), _text(step), key, json,
        )  # fmt: skip


def _number(value: int | None) -> bytes:
    return b"\\N" if value is None else b"%d" % value


def _text(value: Any) -> bytes:
    if value is None:
        return b"\\N"
    text: str = value
    if text.isidentifier():
        return text.encode()
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r").encode()
