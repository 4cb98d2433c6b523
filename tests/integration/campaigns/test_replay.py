"""manage.py replay: rows of a file become events, in file order, with ids that make a repeat harmless."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from campaigns.replay import run as replay_run
from campaigns.replay.mapping import RowToEvent
from campaigns.replay.rows import Source
from campaigns.replay.state import State
from engine import enqueue
from engine.lanes import lanes
from tests.integration.campaigns.shops import Shop, both_down, broker_down, open_shop

MAP = "lead=customer_id,occurred_at=date,data.cds=cds,data.amount=amount"
ROWS = [
    "00001,1997-01-01,1,11.77",
    "00002,1997-01-12,1,12.00",
    "00002,1997-07-12,5,77.00",
    "00103,1997-01-02,2,20.76",
    "00103,1997-03-30T02:30:00+02:00,2,20.76",
]
CSV = "customer_id,date,cds,amount\n" + "\n".join(ROWS) + "\n"

Run = Callable[..., str]


@pytest.fixture
def whale(clean: None) -> Shop:
    return open_shop("whale")


@pytest.fixture
def minnow(clean: None) -> Shop:
    return open_shop("minnow")


@pytest.fixture
def replay(tmp_path: Path, settings: Any) -> Run:
    """Runs the command on a file of this content and returns what it printed."""
    settings.BASE_DIR = tmp_path

    def run(content: str | bytes, *options: str, name: str = "shop.csv", tenant: str = "whale") -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        printed = io.StringIO()
        call_command("replay", str(path), "--tenant", tenant, *options, stdout=printed, stderr=printed)
        return printed.getvalue()

    return run


def purchases(replay: Run, content: str | bytes = CSV, *options: str, **more: str) -> str:
    return replay(content, "--type", "purchase", "--map", MAP, *options, **more)


def in_file_order(shop: Shop) -> list[Any]:
    return sorted(shop.waiting(), key=lambda event: int(event.id.rpartition(":")[2]))


def ids(shop: Shop) -> list[str]:
    return [event.id for event in in_file_order(shop)]


def test_rows_become_events_of_the_tenant(replay: Run, whale: Shop, minnow: Shop) -> None:
    printed = purchases(replay)

    events = in_file_order(whale)
    assert "5 events accepted" in printed
    assert [event.lead for event in events] == ["00001", "00002", "00002", "00103", "00103"]
    assert events[0].data == {"cds": 1, "amount": Decimal("11.77")}
    assert str(events[1].data["amount"]) == "12.00"
    assert {event.source for event in events} == {"replay"}
    assert minnow.waiting() == []


def test_a_date_is_midnight_where_the_tenant_is(replay: Run, whale: Shop) -> None:
    purchases(replay)

    times = [event.occurred_at.isoformat() for event in in_file_order(whale)]
    assert times[0] == "1996-12-31T23:00:00+00:00"
    assert times[2] == "1997-07-11T22:00:00+00:00"
    assert times[4] == "1997-03-30T00:30:00+00:00"


def test_events_of_one_lead_keep_the_order_of_the_file(replay: Run, whale: Shop) -> None:
    rows = [f"{number % 7},1997-01-01,{number},1.00" for number in range(500)]

    purchases(replay, "customer_id,date,cds,amount\n" + "\n".join(rows), "--batch", "13")

    for lead in map(str, range(7)):
        cds = [event.data["cds"] for event in whale.waiting() if event.lead == lead]
        assert cds == list(range(int(lead), 500, 7))


def test_a_second_replay_sends_the_same_ids_whatever_the_name_of_the_file(replay: Run, whale: Shop) -> None:
    purchases(replay)
    first = ids(whale)
    lanes().client.flushdb()

    purchases(replay, CSV, "--batch", "2", name="other.csv")

    assert ids(whale) == first
    assert len(set(first)) == 5
    lanes().client.flushdb()
    purchases(replay, CSV.replace("11.77", "11.78"))
    assert set(ids(whale)).isdisjoint(first)


def test_gzip_is_the_same(replay: Run, whale: Shop) -> None:
    purchases(replay, gzip.compress(CSV.encode()), name="shop.csv.gz")

    assert [event.lead for event in in_file_order(whale)] == ["00001", "00002", "00002", "00103", "00103"]


def test_ids_may_come_from_a_column_or_with_a_prefix(replay: Run, whale: Shop) -> None:
    replay(CSV, "--type", "purchase", "--map", f"{MAP},id=amount", "--limit", "1")
    purchases(replay, CSV, "--id-prefix", "import-7/", "--limit", "2")

    assert sorted(event.id for event in whale.waiting()) == ["11.77", "import-7/1", "import-7/2"]


def test_ndjson_rows_may_be_events_already(replay: Run, whale: Shop, minnow: Shop) -> None:
    lines = [
        {"id": "a", "lead": "ann", "type": "note", "occurred_at": "2026-01-01", "data": {"x": 1}},
        {"lead": "bob", "type": "purchase", "data": {"amount": 1.10}},
    ]

    replay("\n".join(map(json.dumps, lines)), name="events.ndjson", tenant="minnow")

    ann, bob = sorted(minnow.waiting(), key=lambda event: event.lead)
    assert (ann.id, ann.data, ann.occurred_at.isoformat()) == ("a", {"x": 1}, "2025-12-31T23:00:00+00:00")
    assert bob.id.endswith(":2")
    assert bob.data == {"amount": Decimal("1.1")}
    assert whale.waiting() == []


def test_ndjson_columns_may_lie_deeper_and_numbers_make_keys(replay: Run, whale: Shop) -> None:
    row = {"who": {"number": 7}, "kind": "purchase", "sum": 12.30}

    replay(json.dumps(row), "--map", "lead=who.number,type=kind,data.amount=sum", name="x.jsonl")

    (event,) = whale.waiting()
    assert (event.lead, event.type, event.data) == ("7", "purchase", {"amount": Decimal("12.3")})


def test_modulo_and_where_spread_rows_over_tenants(replay: Run, whale: Shop, minnow: Shop) -> None:
    purchases(replay, CSV, "--modulo", "customer_id:100:0-2")
    purchases(replay, CSV, "--modulo", "customer_id:100:3-99", "--where", "date=1997-01-02", tenant="minnow")

    assert [event.lead for event in in_file_order(whale)] == ["00001", "00002", "00002"]
    assert [event.lead for event in in_file_order(minnow)] == ["00103"]


def test_a_stopped_replay_goes_on_after_the_last_batch(
    replay: Run, whale: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = []

    def accept(tenant: str, events: list[Any], *rest: Any) -> Any:
        if len(batches) == 2:
            raise KeyboardInterrupt
        batches.append(events)
        return real(tenant, events, *rest)

    real = replay_run.accept
    with monkeypatch.context() as patch:
        patch.setattr(replay_run, "accept", accept)
        with pytest.raises(CommandError, match="after row 4 with --resume"):
            purchases(replay, CSV, "--batch", "2")
    assert len(whale.waiting()) == 4

    printed = purchases(replay, CSV, "--batch", "2", "--resume")

    assert "1 events accepted" in printed
    assert len(ids(whale)) == len(set(ids(whale))) == 5
    assert "nothing left" in purchases(replay, CSV, "--batch", "2", "--resume")


def test_a_limit_stops_and_resume_goes_on(replay: Run, whale: Shop) -> None:
    purchases(replay, CSV, "--limit", "2")
    assert len(whale.waiting()) == 2

    purchases(replay, CSV, "--limit", "2", "--resume")
    assert len(whale.waiting()) == 4

    purchases(replay, CSV, "--resume")
    assert len(set(ids(whale))) == 5


def test_a_state_of_another_file_is_refused(replay: Run, whale: Shop, tmp_path: Path) -> None:
    state = str(tmp_path / "state.json")
    purchases(replay, CSV, "--state", state, "--limit", "1")

    with pytest.raises(CommandError, match="another file"):
        purchases(replay, CSV + "00009,1997-01-01,1,1.00\n", "--state", state, "--resume")


def test_refused_rows_are_listed_and_the_others_sent(replay: Run, whale: Shop, tmp_path: Path) -> None:
    bad = [
        "00004,1997-01-01,many,1.00",
        "00005,1997-13-01,1,1.00",
        ",1997-01-01,1,1.00",
        "00006,1997-01-01,1",
        '00007,1997-01-01,"1"x,1.00',
        "00008,1997-01-01,1,=1+1",
        "0\0009,1997-01-01,1,1.00",
    ]
    content = CSV.encode() + "\n".join(bad).encode() + b"\nM\xfcller,1997-01-01,1,1.00\n\n"

    printed = purchases(replay, content)

    assert "5 events accepted, 8 refused" in printed
    assert printed.count("refused: line") == 5
    with (tmp_path / "shop.csv.refused.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["line", "reasons"]
    assert [int(line) for line, _ in rows[1:]] == list(range(7, 15))
    assert len(whale.waiting()) == 5
    with pytest.raises(CommandError, match="8 rows were refused"):
        purchases(replay, content, "--strict")


def test_an_unclosed_quotation_mark_is_told_with_all_lines_it_swallows(
    replay: Run, whale: Shop, tmp_path: Path
) -> None:
    printed = purchases(replay, CSV + '00004,"1997-01-01,1,1.00\n' + "00005,1997-01-01,1,1.00\n" * 3)

    assert "5 events accepted, 1 refused" in printed
    assert "lines 7 to 10" in printed


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", (), "name the columns"),
        ("a,a\n1,2\n", (), "each once"),
        ("a,b\n1,2\n", (), "no column customer_id, date, cds, amount"),
        (CSV, ("--where", "shop=1"), "no column shop"),
        (CSV, ("--tenant", "nobody"), "no tenant 'nobody'"),
        (b"\x1f\x8b\x08\x00broken", (), "broken"),
        (gzip.compress(CSV.encode() * 1000)[:-50], (), "broken"),
        ("customer_id,date,cds,amount\n" + "x" * 300_000, (), "line 2 is longer"),
        ("customer_id,date,cds,amount\n", (), "nothing was accepted"),
    ],
)
def test_what_cannot_be_replayed_fails_with_a_sentence(
    replay: Run, whale: Shop, content: str | bytes, options: tuple[str, ...], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        purchases(replay, content, *options)


@pytest.mark.parametrize(
    "options",
    [("--map", "lead"), ("--map", "lead=a,lead=b"), ("--map", "colour=a"), ("--map", "data.=a"),
     ("--modulo", "a"), ("--modulo", "a:0:0"), ("--modulo", "a:5:3-9"), ("--batch", "0"), ("--where", "x")],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(replay: Run, whale: Shop, options: tuple[str, str]) -> None:
    with pytest.raises(CommandError):
        replay(CSV, "--type", "purchase", *options)


def test_it_waits_until_somebody_takes_events_again(replay: Run, whale: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with both_down(monkeypatch), monkeypatch.context() as patch:
        answers = iter([enqueue.lanes()] * 4)
        patch.setattr(enqueue, "lanes", lambda: next(answers, lanes()))
        purchases(replay)

    assert len(whale.waiting()) == 5


def test_it_goes_on_through_the_buffer_while_the_broker_is_down(
    replay: Run, whale: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broker_down(monkeypatch):
        purchases(replay)

    assert (len(whale.spilled()), whale.waiting()) == (5, [])


def test_patience_ends(replay: Run, whale: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        both_down(monkeypatch),
        pytest.raises(CommandError, match=r"gave up after 1 s: .*after row 0 with --resume"),
    ):
        purchases(replay, CSV, "--patience", "1")


def test_full_lanes_are_waited_for_in_order(whale: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = lanes().settings
    monkeypatch.setattr(lanes(), "settings", type(settings)(**(vars(settings) | {"lane_limit": 2, "spill_limit": 0})))
    path = tmp_path / "one_lead.csv"
    path.write_text("lead,cds\n" + "".join(f"1,{number}\n" for number in range(6)))
    columns = {"lead": "lead", "data.x": "cds"}
    seen: list[str] = []

    def drain(seconds: float = 0) -> None:
        seen.extend(event.data["x"] for event in whale.waiting())
        lanes().client.flushdb()

    with Source(path) as source:
        replay_run.Replay(
            tenant="whale", source=source, to_event=RowToEvent(columns, ZoneInfo("UTC"), "x:", type="note"),
            state=State("x"), state_path=tmp_path / "state", refused_path=tmp_path / "refused", batch=2, sleep=drain,
        ).run()  # fmt: skip

    drain()
    assert seen == list("012345")
