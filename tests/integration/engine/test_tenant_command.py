"""manage.py tenant, as an operator uses it."""

from __future__ import annotations

import io
import sys
from typing import Any

import psycopg
import pytest
import redis
from django.core.management import CommandError, call_command

from engine import control, enqueue
from engine.abort import waiting
from engine.lanes import Lanes, lanes
from tests.integration.engine.bundles import ids
from tests.integration.engine.spilling import Node, by_lead, numbered, orders, push_one_by_one

pytestmark = pytest.mark.usefixtures("effects", "small_lanes")


def tenant(*arguments: str) -> str:
    printed = io.StringIO()
    call_command("tenant", *arguments, stdout=printed)
    return printed.getvalue()


def rows(text: str) -> dict[str, list[str]]:
    """First cell -> the others."""
    cells = [[cell.strip() for cell in line.strip("│┃").split("│")] for line in text.splitlines() if "│" in line]
    return {first: rest for first, *rest in cells}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed at the terminal."""
    typed: list[str] = []

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda _: typed.pop(0))
    return typed


def test_list_and_show_say_what_a_tenant_may_do_and_what_waits(node: Node) -> None:
    push_one_by_one([*numbered("whale", "ada", 9), *numbered("minnow", "bob", 1)])
    node.lease()

    assert "cap 4, rate 2.5/s" in tenant("set", "whale", "--cap", "4", "--rate", "2.5")
    assert "weight 3, cap 4" in tenant("set", "whale", "--weight", "3")
    tenant("pause", "minnow")

    listed = rows(tenant("list"))
    assert listed["whale"] == ["active", "9", "1", "3", "4", "2.5/s", "default"]
    assert listed["minnow"][:2] == ["paused", "1"]
    shown = rows(tenant("show", "whale"))
    assert shown["waiting"] == ["9 (3 in Redis, 6 in PostgreSQL)"]
    assert (shown["lanes in work"], shown["aborts"]) == (["1 of 16"], ["0"])


def test_pause_and_resume_touch_one_tenant(node: Node, watch: psycopg.Connection) -> None:
    whale, minnow = numbered("whale", "ada", 2), numbered("minnow", "bob", 2)
    enqueue.push([*whale, *minnow])

    assert tenant("pause", "whale").startswith("whale is paused.")
    node.work()
    assert orders(watch) == by_lead(ids(minnow))
    assert "0 events wait" not in tenant("resume", "whale")
    node.work()

    assert orders(watch) == by_lead(ids([*whale, *minnow]))


def test_drain_waits_until_nothing_is_left_but_not_for_ever(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    enqueue.push([*numbered("whale", "ada", 2), *numbered("minnow", "bob", 1)])

    with pytest.raises(CommandError, match=r"not drained after 0 s: 2 events wait"):
        tenant("drain", "whale", "--wait", "0")
    monkeypatch.setattr("time.sleep", lambda _: node.work())

    assert "whale is drained. 0 events wait" in tenant("drain", "whale", "--wait")


def test_drain_notices_that_somebody_ended_it(monkeypatch: pytest.MonkeyPatch) -> None:
    enqueue.push([*numbered("whale", "ada", 2), *numbered("minnow", "bob", 1)])
    monkeypatch.setattr("time.sleep", lambda _: control.resume("whale"))

    with pytest.raises(CommandError, match="somebody changed it"):
        tenant("drain", "whale", "--wait")


def test_abort_asks_how_serious_it_is(answer: list[str]) -> None:
    push_one_by_one([*numbered("whale", "ada", 9), *numbered("minnow", "bob", 1)])

    answer.append("yes")
    with pytest.raises(CommandError, match="nothing was thrown away"):
        tenant("abort", "whale")
    assert waiting("whale") == 9
    answer.append("whale")

    said = tenant("abort", "whale")

    assert "throws away the 9 events of whale" in said
    assert "9 events were thrown away (abort 1)" in said
    assert (waiting("whale"), waiting("minnow")) == (0, 1)


def test_abort_without_a_terminal_wants_yes() -> None:
    enqueue.push([*numbered("whale", "ada", 2), *numbered("minnow", "bob", 1)])

    with pytest.raises(CommandError, match="say --yes"):
        tenant("abort", "whale")
    assert "2 events were thrown away" in tenant("abort", "whale", "--yes")
    assert waiting("minnow") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "shark"], "no tenant 'shark'"),
        (["abort", "shark", "--yes"], "no tenant 'shark'"),
        (["set", "whale"], "say what to set"),
        (["set", "whale", "--weight", "0"], "a weight is more than 0"),
        (["set", "whale", "--rate", "-1"], "a rate is 0"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        tenant(*arguments)


def test_a_broker_that_is_away_is_said_with_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any) -> None:
        raise redis.ConnectionError("gone")

    enqueue.push([*numbered("whale", "ada", 2), *numbered("minnow", "bob", 1)])
    with monkeypatch.context() as patch:
        patch.setattr(Lanes, "_run", unreachable)
        with pytest.raises(CommandError, match="is stored and acts once maintenance can tell it"):
            tenant("pause", "whale")
        with pytest.raises(CommandError, match="the broker does not answer"):
            tenant("abort", "whale", "--yes")

    assert lanes().waiting("whale") == 2
