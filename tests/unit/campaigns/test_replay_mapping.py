"""From rows to events, without any file or server."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns.replay.mapping import Modulo, RowToEvent, cell, instant, parse_map, read
from campaigns.wire import Malformed

VIENNA = ZoneInfo("Europe/Vienna")


def row_to_event(columns: str, **options: Any) -> RowToEvent:
    return RowToEvent(parse_map(columns), VIENNA, "file:", type="note", **options)


def test_targets_and_columns_are_trimmed() -> None:
    assert parse_map("lead = a b , data.x=c=d") == {"lead": "a b", "data.x": "c=d"}


@pytest.mark.parametrize("text", ["", "lead", "lead=", "=a", "colour=a", "data.=a", "lead=a,lead=b", "lead=a,"])
def test_a_map_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_map(text)


def test_modulo_takes_a_range_or_one_rest() -> None:
    assert Modulo.parse("id:100:90-95") == Modulo("id", 100, 90, 95)
    assert Modulo.parse("id:100:99") == Modulo("id", 100, 99, 99)
    assert Modulo.parse("id:100:90-95").holds({"id": "00195"})
    assert not Modulo.parse("id:100:90-95").holds({"id": 96})


@pytest.mark.parametrize("row", [{}, {"id": ""}, {"id": "x"}, {"id": None}, {"id": []}])
def test_a_row_that_cannot_be_placed_is_refused_not_dropped(row: dict[str, Any]) -> None:
    to_event = row_to_event("lead=lead", modulo=[Modulo("id", 10, 0, 4)])

    assert read(to_event, 1, row) == Malformed("id: expected a whole number")


def test_a_row_that_is_not_meant_is_no_event() -> None:
    to_event = row_to_event("lead=lead", where=[("shop", "1")])

    assert read(to_event, 1, {"lead": "a", "shop": "2"}) is None
    assert read(to_event, 1, {"lead": "a", "shop": 1}) is not None


def test_ids_are_the_rows_own_or_made_of_its_number() -> None:
    to_event = row_to_event("lead=lead,id=order", prefix="p/")

    assert to_event.event(7, {"lead": "a", "order": "x"})["id"] == "p/x"
    assert to_event.event(7, {"lead": "a", "order": 12})["id"] == "p/12"
    assert to_event.event(7, {"lead": "a", "order": ""})["id"] == "file:7"


def test_empty_cells_are_left_out_and_data_is_joined() -> None:
    to_event = row_to_event("lead=lead,data=more,data.x=x,data.y=y")

    event = to_event.event(1, {"lead": 5, "more": {"z": 1, "x": 0}, "x": Decimal("1.50"), "y": ""})

    assert event["lead"] == "5"
    assert event["data"] == {"z": 1, "x": Decimal("1.50")}


def test_a_dotted_column_reaches_into_objects() -> None:
    assert cell({"a": {"b": {"c": 1}}}, "a.b.c") == 1
    assert cell({"a.b": 2, "a": {"b": 1}}, "a.b") == 2
    assert cell({"a": 1}, "a.b") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1997-01-01", datetime(1996, 12, 31, 23, tzinfo=UTC)),
        ("19970701", datetime(1997, 6, 30, 22, tzinfo=UTC)),
        ("1997-01-01 10:00", datetime(1997, 1, 1, 9, tzinfo=UTC)),
        ("1997-01-01T10:00:00Z", datetime(1997, 1, 1, 10, tzinfo=UTC)),
    ],
)
def test_times_without_an_offset_are_the_tenants(text: str, expected: datetime) -> None:
    assert instant(text, VIENNA) == expected


def test_what_is_no_time_is_left_for_the_check_to_refuse() -> None:
    assert instant("1997-13-01", VIENNA) == "1997-13-01"
    assert instant(17, VIENNA) == 17
    assert instant("", VIENNA) is None
