"""Deliveries written with the effects of a bundle, so that each is sent if and only if they were committed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
import psycopg

from campaigns.language.lead import LeadState
from engine.arrays import columns
from engine.sql import load

QUERIES = load("campaigns.sql", "deliveries.sql")

_encode = msgspec.json.Encoder(decimal_format="string").encode


def post_deliveries(connection: psycopg.Connection, leads: Collection[LeadState], now: datetime) -> None:
    """Write down what is to be sent of these leads, in one statement; nothing when there is nothing."""
    rows = [(lead.tenant, lead.id, *one[:-1], _encode(one.body).decode()) for lead in leads for one in lead.outgoing]
    if rows:
        connection.execute(QUERIES["insert_deliveries"], [now, now, *columns(rows)])
