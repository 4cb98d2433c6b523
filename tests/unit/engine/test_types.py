"""Events on the wire, and the key under which the ledger knows them."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.types import Event, decode, encode
from tests.events import event

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
START = b'{"id":"1","lead":"a","type":"purchase","accepted_at":"%s","occurred_at":"2026-03-01T12:00:00Z"%s}'


def line(rest: str = "", accepted_at: str = "2026-03-01T12:00:00Z") -> bytes:
    return START % (accepted_at.encode(), rest.encode())


def test_a_uuid_is_its_own_ledger_key() -> None:
    assert event("whale", "ada", ID).ledger_key == ID


def test_another_id_is_hashed_and_its_key_never_changes() -> None:
    assert event("whale", "ada", "order-1").ledger_key == "56eea00bbcad2f0a2ca2cc13492405d7"


@pytest.mark.parametrize(
    "twin", [ID.upper(), ID.replace("-", ""), "{" + ID + "}", "urn:uuid:" + ID, " " + ID, ID + "\n"]
)
def test_a_text_that_python_reads_as_the_same_uuid_is_another_id(twin: str) -> None:
    assert uuid.UUID(event("whale", "ada", twin).ledger_key) != uuid.UUID(ID)


def test_numbers_that_python_reads_alike_are_different_ids() -> None:
    ids = ["0" + "1" * 31, "+" + "1" * 31, "0x" + "1" * 30, "\u0660" + "1" * 31]

    assert len({event("whale", "ada", id).ledger_key for id in ids}) == len(ids)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimals_are_exact(amount: Decimal) -> None:
    back = decode(encode(event("whale", "ada", "1", amount=amount)), "whale").data["amount"]

    assert not isinstance(back, float)
    assert Decimal(back) == amount


def test_an_event_reads_back() -> None:
    paris = timezone(timedelta(hours=1))
    sent = event("whale", "ada", "1", at=datetime(2026, 3, 1, 0, 30, tzinfo=paris), tags=["a", None, True])

    assert decode(encode(sent), "whale") == sent


def test_the_tenant_is_the_lanes_not_the_bytes() -> None:
    assert b"whale" not in encode(event("whale", "ada", "1"))
    assert decode(line(',"tenant":"whale"'), "minnow").tenant == "minnow"


@pytest.mark.parametrize(
    ("accepted_at", "day"),
    [
        ("2026-03-01T00:30:00+01:00", date(2026, 2, 28)),
        ("2026-03-01T23:59:59.999999Z", date(2026, 3, 1)),
        ("0001-01-01T00:00:00+14:00", date(1, 1, 1)),
        ("9999-12-31T23:59:59-14:00", date(9999, 12, 31)),
    ],
)
def test_the_ledger_day_is_utc_and_always_there(accepted_at: str, day: date) -> None:
    assert decode(line(accepted_at=accepted_at), "whale").ledger_day == day


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\xff\xfe", id="no text"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="no fields"),
        pytest.param(line()[:-1], id="cut"),
        pytest.param(line(',"data":[]'), id="data is a list"),
        pytest.param(line(',"data":{"n":NaN}'), id="no number"),
        pytest.param(line(',"data":{"n":' + "9" * 5000 + "}"), id="a number of 5,000 digits"),
        pytest.param(line(',"data":' + '{"a":' * 100_000), id="nesting"),
        pytest.param(line().replace(b'"a"', b'"\\ud800"'), id="half a character"),
        pytest.param(line().replace(b'"a"', b'"\xff"'), id="no UTF-8"),
        pytest.param(line(accepted_at="2026-03-01T12:00:00"), id="no time zone"),
        pytest.param(line(accepted_at="yesterday"), id="no time"),
    ],
)
def test_hostile_bytes_are_a_value_error_or_too_deep(raw: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        decode(raw, "whale")


@given(st.binary())
def test_any_bytes_are_an_event_or_an_error(raw: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        decode(raw, "whale")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.datetimes(timezones=st.just(UTC)))
def test_whatever_can_be_read_has_a_key_and_a_day(text: str, at: datetime) -> None:
    sent = Event(id=text, lead=text, type=text, accepted_at=at, occurred_at=at)

    back = decode(encode(sent), "")

    assert (back.ledger_key, back.ledger_day) == (sent.ledger_key, sent.ledger_day)
