"""The one place that accepts events from outside: checked, given an id, pushed into their lanes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from campaigns.event_ids import new_event_id
from campaigns.language.names import name_fault
from campaigns.language.registry import did_you_mean
from campaigns.language.schema import TenantSchema
from campaigns.language.values import cast_datetime, show
from campaigns.vocabularies import vocabularies
from campaigns.wire import Malformed
from engine import enqueue
from engine.errors import LaneFull, TenantDraining
from engine.types import Event

FUTURE_LIMIT = timedelta(days=1)  #: how far ahead of us a sender's clock may be
REASONS_LIMIT, REASON_LENGTH = 5, 300  #: what is said of one refused event; an answer has room for thousands
QUEUE_FULL = "this lead's queue is full; send the event again later"
DRAINING = "no new events are taken for now, what waits is executed first; send the event again later"

KEYS = ("id", "lead", "type", "occurred_at", "data")
_KEYS = frozenset(KEYS)


class Accepted(msgspec.Struct, frozen=True):
    """The event is in its lane."""

    index: int  #: its place in what was given
    id: str  #: the sender's or ours


class Refused(msgspec.Struct, frozen=True):
    """Nothing of the event is kept."""

    index: int
    id: str | None  #: None when it had none that could be used
    reasons: tuple[str, ...]
    retry: bool = False  #: the event itself is good: later it may be accepted
    closed: bool = False  #: the tenant is being drained


Outcome = Accepted | Refused


def accept(tenant: str, raw_events: Sequence[Any], source: str, now: datetime) -> list[Outcome]:
    """Accept the good ones of these events, in order, and say what is wrong with the others.

    Each is {"lead", "type", "id"?, "occurred_at"?, "data"?} as decoded by campaigns.wire. Raises
    engine.errors.BrokerDown: some may have been accepted, so give them all again under the same ids.
    """
    schema = vocabularies.of(tenant)
    checked = [check(schema, index, raw, source, now) for index, raw in enumerate(raw_events)]
    if any(isinstance(item, Refused) for item in checked):
        checked = _check_again(schema, checked, raw_events, source, now)
    events = [item for item in checked if isinstance(item, Event)]
    refused, closed = _push(events)
    return [_outcome(index, item, refused, closed) for index, item in enumerate(checked)]


def _check_again(
    schema: TenantSchema,
    checked: list[Event | Refused],
    raw_events: Sequence[Any],
    source: str,
    now: datetime,
) -> list[Event | Refused]:
    """The schema may have changed a moment ago: nothing is refused by an old one."""
    latest = vocabularies.latest(schema.tenant)
    if latest is schema:
        return checked
    return [
        check(latest, index, raw_events[index], source, now) if isinstance(item, Refused) else item
        for index, item in enumerate(checked)
    ]


def _push(events: Sequence[Event]) -> tuple[set[int], bool]:
    """Push all in one call. Returns the identities of those refused, and whether that is for draining."""
    try:
        enqueue.push(events)
    except LaneFull as error:
        return {id(event) for event in error.refused}, isinstance(error, TenantDraining)
    return set(), False


def push_one(event: Event) -> Outcome:
    """Push an event that was checked elsewhere. Raises engine.errors.BrokerDown."""
    refused, closed = _push([event])
    return _outcome(0, event, refused, closed)


def _outcome(index: int, item: Event | Refused, refused: set[int], closed: bool) -> Outcome:
    if isinstance(item, Refused):
        return item
    if id(item) in refused:
        return Refused(index, item.id, (DRAINING if closed else QUEUE_FULL,), retry=True, closed=closed)
    return Accepted(index, item.id)


def check(schema: TenantSchema, index: int, raw: Any, source: str, now: datetime) -> Event | Refused:
    """The event that a decoded JSON object describes, or why it is none. Never raises."""
    if not isinstance(raw, dict):
        reason = raw.reason if isinstance(raw, Malformed) else f"expected an object, got {show(raw)}"
        return _refused(index, None, [reason])
    reasons = _unknown_keys(raw)
    id = _name(raw, "id", reasons) if raw.get("id") is not None else new_event_id(now)
    lead = _name(raw, "lead", reasons)
    occurred_at = _occurred_at(raw, reasons, now)
    data, faults = schema.check_event(raw.get("type"), {} if raw.get("data") is None else raw["data"])
    if faults or reasons:
        return _refused(index, id if raw.get("id") is not None else None, [*reasons, *map(str, faults)])
    return Event(
        id=id, tenant=schema.tenant, lead=lead, type=raw["type"], accepted_at=now, occurred_at=occurred_at,
        data=data, source=source, urgent=schema.urgent.hears(raw["type"], data),
    )  # fmt: skip


def _refused(index: int, id: str | None, reasons: Sequence[str]) -> Refused:
    said = [reason[:REASON_LENGTH] for reason in reasons[:REASONS_LIMIT]]
    if len(reasons) > REASONS_LIMIT:
        said.append(f"and {len(reasons) - REASONS_LIMIT} more")
    return Refused(index, id or None, tuple(said))


def _unknown_keys(raw: dict[str, Any]) -> list[str]:
    if raw.keys() <= _KEYS:
        return []
    unknown = [key for key in raw if key not in KEYS][:REASONS_LIMIT]
    return [f"unknown key {key[:64]!r}{did_you_mean(key, KEYS)}" for key in unknown]


def _name(raw: dict[str, Any], key: str, reasons: list[str]) -> str:
    """An id or a lead's key; empty when it will not do, with the reason noted."""
    value = raw.get(key)
    fault = name_fault(value)
    if fault is None:
        return value  # type: ignore[return-value]
    reasons.append(f"{key}: {fault}")
    return ""


def _occurred_at(raw: dict[str, Any], reasons: list[str], now: datetime) -> datetime:
    value = raw.get("occurred_at")
    if value is None:
        return now
    try:
        occurred_at = cast_datetime(value)
    except ValueError as error:
        reasons.append(f"occurred_at: {error}")
        return now
    if occurred_at > now + FUTURE_LIMIT:
        reasons.append("occurred_at: is more than a day in the future")
    return occurred_at
