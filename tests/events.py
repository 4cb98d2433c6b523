"""Events as the engine's tests make them: a type that says what the test handler does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from engine.types import Event, encode

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(tenant: str, lead: str, id: str, type: str = "purchase", *, at: datetime | None = None, **data: Any) -> Event:
    """An event accepted and occurred at the same moment: by default noon, and n microseconds where it has an n."""
    at = at or NOON + timedelta(microseconds=data.get("n", 0))
    return Event(id=id, tenant=tenant, lead=lead, type=type, accepted_at=at, occurred_at=at, data=data, source="test")


def events(tenant: str, lead: str, count: int, first: int = 0) -> list[Event]:
    """Numbered events of one lead, in order; ids are unique per lead."""
    return [event(tenant, lead, f"{lead}-{number}", n=number) for number in range(first, first + count)]


def raw(tenant: str, lead: str, count: int, first: int = 0) -> list[bytes]:
    """The same as a lane holds them."""
    return [encode(one) for one in events(tenant, lead, count, first)]
