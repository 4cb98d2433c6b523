"""What makes an event acceptable, without any server."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.event_ids import new_event_id
from campaigns.ingest import Refused, check
from campaigns.language.schema import AttributeSpec, TenantSchema, event_type
from engine.types import Event

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SCHEMA = TenantSchema.build(
    "acme", event_types={"purchase": event_type("purchase", AttributeSpec("amount", "decimal", True))}
)


def checked(**changes: Any) -> Event | Refused:
    raw = {"lead": "ann", "type": "purchase", "data": {"amount": "1.50"}} | changes
    return check(SCHEMA, 3, raw, "api", NOW)


def reasons(**changes: Any) -> tuple[str, ...]:
    refused = checked(**changes)
    assert isinstance(refused, Refused)
    return refused.reasons


def test_null_is_the_same_as_absent() -> None:
    event = checked(id=None, occurred_at=None)

    assert isinstance(event, Event)
    assert event.occurred_at == event.accepted_at == NOW
    assert uuid.UUID(event.id).version == 7
    assert reasons(data=None) == ("data.amount: is required",)
    assert reasons(lead=None) == ("lead: is required",)


def test_every_fault_is_named_at_once() -> None:
    found = reasons(id="a\x00", lead="", occured_at="x", occurred_at="never", data={"amount": "x"})

    assert [reason.partition(":")[0] for reason in found] == [
        "unknown key 'occured_at'; did you mean 'occurred_at'?", "id", "lead", "occurred_at", "data.amount",
    ]  # fmt: skip


def test_a_number_for_a_key_is_told_to_be_sent_as_text() -> None:
    assert reasons(lead=17) == ('lead: expected text, such as "17"',)
    assert reasons(lead=True) == ("lead: expected text, got true",)


@pytest.mark.parametrize("name", ["*:{}", " a b ", "a|b", "%", "é", "a\u2028", "\xa0x", "😀", "x" * 255])
def test_names_of_every_kind_are_taken_as_they_are(name: str) -> None:
    event = checked(id=name, lead=name)

    assert isinstance(event, Event)
    assert event.id == event.lead == name


@pytest.mark.parametrize("name", ["", " ", "\xa0", "x" * 256, "a\x00", "a\nb", "a\x7f", "a\x85", "\ud800", [], {}, 1.5])
def test_names_nobody_could_read_or_store_are_refused(name: Any) -> None:
    assert reasons(lead=name)[0].startswith("lead: ")
    refused = checked(id=name)
    assert isinstance(refused, Refused)
    assert refused.id is None


def test_a_refused_event_keeps_its_place_and_id() -> None:
    refused = checked(id="mine", data={})

    assert refused == Refused(3, "mine", ("data.amount: is required",))


def test_the_clock_of_a_sender_may_be_a_day_ahead() -> None:
    assert isinstance(checked(occurred_at=(NOW + timedelta(days=1)).isoformat()), Event)
    assert reasons(occurred_at=(NOW + timedelta(days=1, seconds=1)).isoformat()) == (
        "occurred_at: is more than a day in the future",
    )


def test_ids_of_later_events_sort_later() -> None:
    ids = [new_event_id(NOW + timedelta(milliseconds=step)) for step in range(100)]

    assert ids == sorted(ids)
    assert {uuid.UUID(id).variant for id in ids} == {uuid.RFC_4122}
    assert len({new_event_id(NOW) for _ in range(1000)}) == 1000
