"""Activities: what the interpreter records, and their way into the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from campaigns.language.interpreter import ActivityRow
from engine.sql import load

COPY = load("campaigns.sql", "leads.sql")["copy_activities"]

_encode = msgspec.json.Encoder(decimal_format="string").encode


class Recorder:
    """Collects the activities of one tenant's leads in a bundle, in the order of execution."""

    def __init__(self) -> None:
        self.activities: list[ActivityRow] = []


def copy_activities(connection: psycopg.Connection, recorders: Mapping[str, Recorder], now: datetime) -> None:
    """Append them in one COPY. Rows of a lead get rising ids: its row is locked until the commit."""
    recorded_at = now.isoformat().encode()
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for tenant, recorder in recorders.items():
            head = tenant.encode()
            copy.write(b"".join([_line(head, row, recorded_at) for row in recorder.activities]))


def _line(tenant: bytes, row: ActivityRow, recorded_at: bytes) -> bytes:
    """One row in the text format of COPY. JSON has no raw tab or newline, so only backslashes need doubling."""
    return b"\t".join(
        (
            tenant,
            b"%d" % row.lead_id,
            recorded_at,
            row.occurred_at.isoformat().encode(),
            _text(row.kind),
            _number(row.campaign_id),
            _number(row.version),
            _text(row.step),
            row.event_key.hex.encode(),
            _encode(row.data).replace(b"\\", b"\\\\") + b"\n",
        )
    )


def _number(value: int | None) -> bytes:
    return b"\\N" if value is None else b"%d" % value


def _text(value: Any) -> bytes:
    if value is None:
        return b"\\N"
    text: str = value
    if text.isidentifier():
        return text.encode()
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r").encode()
