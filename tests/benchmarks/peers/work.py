"""What an event of three actions is to a peer that does it in one transaction: statements, to be executed in order."""

from __future__ import annotations

from typing import Any

from engine.sql import load
from engine.types import Event

SQL = load("tests.benchmarks.peers", "work.sql")
ACTIVITIES = 3  #: of an event

Statement = tuple[str, list[Any]]


def arguments(event: Event) -> dict[str, str]:
    """What is sent of it."""
    return {"tenant": event.tenant, "lead": event.lead, "key": event.id, "amount": str(event.data["amount"])}


def claim(tenant: str, key: str) -> Statement:
    """The first statement. One row comes back, or none when the event was done before: then that is all."""
    return SQL["claim_event"], [tenant, key]


def effects(tenant: str, lead: str, key: str, amount: str) -> list[Statement]:
    """The others: the lead made where it is missing, read and locked, updated; three activities."""
    return [
        (SQL["insert_lead_missing"], [tenant, lead]),
        (SQL["lock_lead"], [tenant, lead]),
        (SQL["update_lead"], [amount, tenant, lead]),
        (SQL["insert_activities"], [key, amount, tenant, lead]),
    ]
