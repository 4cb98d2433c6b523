"""Those inside an older version, taken to the live one by a plan, and taken back."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command

from campaigns import inside, moves, operations, runs
from campaigns.approvals import decide, open_approvals
from campaigns.models import Campaign, Move
from campaigns.moves import MoveRefused, plan_move, start_move, undo_move
from campaigns.operations import WrongState
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.bundling import NOW, due, execute, purchase
from tests.integration.campaigns.world import ACME, ZETA, make_campaign, make_tenant

DAY = timedelta(days=1)


def wait(id: str, days: int) -> dict[str, Any]:
    return {"id": id, "action": "wait_duration", "params": {"wait": {"amount": days, "unit": "days"}}}


def note(id: str) -> dict[str, Any]:
    return {"id": id, "action": "add_note", "params": {"text": id}}


def document(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"triggers": [{"type": "event", "event": "purchase"}], "steps": list(steps)}


OLD = document(wait("long", 10), note("old"))
NEW = document(note("begin"), wait("short", 1), note("new"))


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        with tenant_context(tenant):
            make_campaign(tenant, "late", OLD)


def late(tenant: str = ACME) -> Campaign:
    with tenant_context(tenant):
        return Campaign.objects.get(key="late")


def publish_new(*steps: dict[str, Any]) -> None:
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            campaign = late(tenant)
            campaign.draft = document(*steps) if steps else NEW
            campaign.save()
            operations.publish(campaign, by="ann")


def enter(worker: psycopg.Connection, *leads: str) -> None:
    for tenant in (ACME, ZETA):
        execute(worker, [purchase(tenant, lead, f"e-{lead}") for lead in leads])


def pass_time(worker: psycopg.Connection, pushed: list[Event], now: datetime) -> None:
    pushed.clear()
    runs.wake_due(worker, now)
    for tenant in (ACME, ZETA):
        execute(worker, due(pushed, tenant), now)


def later() -> datetime:
    """When a move may be over: it is open a minute at least, by the machine's clock."""
    return datetime.now(UTC) + timedelta(minutes=2)


def finish(worker: psycopg.Connection) -> None:
    while moves.tend(worker, later()):
        pass


def resting(worker: psycopg.Connection, tenant: str = ACME) -> list[tuple[int, str]]:
    query = "SELECT version, step FROM campaigns_parkedrun WHERE tenant_id = %s AND campaign_id > 0 ORDER BY lead_id"
    return worker.execute(query, [tenant]).fetchall()


def notes(worker: psycopg.Connection, tenant: str = ACME) -> list[str]:
    query = "SELECT data->>'text' FROM campaigns_activity WHERE kind = 'note_added' AND tenant_id = %s ORDER BY id"
    return [text for (text,) in worker.execute(query, [tenant])]


def move(plan: dict[str, str]) -> Move:
    return start_move(late(), 1, plan, by="ann")


def state(of: Move) -> tuple[str, int, int, int]:
    with tenant_context(ACME):
        found = Move.objects.get(pk=of.pk)
        return found.state, found.moved, found.ended, found.undone


def test_a_step_that_is_another_begins_at_once(worker: psycopg.Connection, pushed: list[Event]) -> None:
    enter(worker, "1", "2")
    publish_new()
    started = move({"long": "begin"})
    finish(worker)
    assert state(started) == ("moved", 2, 0, 0)
    assert (resting(worker), resting(worker, ZETA)) == ([(2, "begin")] * 2, [(1, "long")] * 2)
    pass_time(worker, pushed, later())
    assert (resting(worker), notes(worker), notes(worker, ZETA)) == ([(2, "short")] * 2, ["begin"] * 2, [])


def test_a_wait_that_stays_a_wait_keeps_its_end(worker: psycopg.Connection, pushed: list[Event]) -> None:
    enter(worker, "1")
    publish_new()
    move({"long": "short"})
    finish(worker)
    pass_time(worker, pushed, NOW + 9 * DAY)
    assert resting(worker) == [(2, "short")]
    pass_time(worker, pushed, NOW + 10 * DAY)
    assert (resting(worker), notes(worker)) == ([], ["new"])


def test_what_a_lane_was_told_of_the_old_wait_is_nothing(worker: psycopg.Connection, pushed: list[Event]) -> None:
    enter(worker, "1")
    pushed.clear()
    runs.wake_due(worker, NOW + 10 * DAY)
    told = due(pushed, ACME)
    publish_new()
    move({"long": "begin"})
    finish(worker)
    execute(worker, told, NOW + 10 * DAY)
    assert (len(told), notes(worker), resting(worker)) == (1, [], [(2, "begin")])


def test_a_step_of_the_same_id_needs_no_word(worker: psycopg.Connection, pushed: list[Event]) -> None:
    enter(worker, "1")
    publish_new(wait("long", 3), note("new"))
    assert [(step.to, step.keeps, step.runs) for step in plan_move(late(), 1, {}).steps] == [("long", True, 1)]
    move({})
    finish(worker)
    assert resting(worker) == [(2, "long")]


def test_those_who_are_ended_are_out_and_their_history_says_why(worker: psycopg.Connection) -> None:
    enter(worker, "1")
    publish_new()
    started = move({"long": "end"})
    finish(worker)
    assert (state(started), resting(worker), resting(worker, ZETA)) == (("moved", 0, 1, 0), [], [(1, "long")])
    (why,) = worker.execute("SELECT data->>'ended' FROM campaigns_activity WHERE kind = 'run_ended'").fetchone() or (
        "",
    )
    assert why == "ended by a move to another version"


def test_who_has_not_gone_on_is_taken_back(worker: psycopg.Connection, pushed: list[Event]) -> None:
    enter(worker, "1", "2")
    publish_new()
    started = move({"long": "begin"})
    finish(worker)
    runs.wake_due(worker, later())
    gone_on = [event for event in pushed if event.type == "run.due" and event.lead == "1"]
    execute(worker, gone_on, later())
    undo_move(late(), started.pk)
    finish(worker)
    assert state(started) == ("undone", 2, 0, 1)
    assert resting(worker) == [(2, "short"), (1, "long")]
    stale = [event for event in pushed if event.type == "run.due" and event.lead == "2"]
    execute(worker, stale, later())  # told before it was taken back
    assert resting(worker) == [(2, "short"), (1, "long")]
    pass_time(worker, pushed, NOW + 10 * DAY)
    assert notes(worker) == ["begin", "new", "old"]


def test_a_run_parked_on_the_old_version_meanwhile_is_moved_too(worker: psycopg.Connection) -> None:
    enter(worker, "1")
    publish_new()
    started = move({"long": "short"})
    assert moves.tend(worker, datetime.now(UTC)) == 1
    assert moves.tend(worker, datetime.now(UTC)) == 0
    assert state(started)[0] == "moving"
    worker.execute(
        "UPDATE campaigns_parkedrun SET version = 1, step = 'long' WHERE tenant_id = 'acme' AND campaign_id > 0"
    )
    finish(worker)
    assert (state(started)[0], resting(worker)) == ("moved", [(2, "short")])


def test_every_fault_of_a_plan_is_named_and_nothing_is_moved(worker: psycopg.Connection) -> None:
    enter(worker, "1")
    publish_new()
    with pytest.raises(MoveRefused) as refused:
        move({"nowhere": "short"})
    assert [fault.path for fault in refused.value.faults] == ["plan.nowhere", "plan.long"]
    assert plan_move(late(), 2, {}).faults and plan_move(late(), 7, {}).faults
    assert resting(worker) == [(1, "long")]


def test_one_move_at_a_time(worker: psycopg.Connection) -> None:
    enter(worker, "1")
    publish_new()
    started = move({"long": "short"})
    with pytest.raises(WrongState):
        move({"long": "short"})
    finish(worker)
    undo_move(late(), started.pk)
    with pytest.raises(WrongState):
        undo_move(late(), started.pk)


def test_the_command_says_the_counts_before_it_moves_anybody(worker: psycopg.Connection) -> None:
    enter(worker, "1", "2")
    publish_new()
    said = io.StringIO()
    call_command("move_runs", ACME, "late", "--from", "1", "--step", "long=short", stdout=said)
    assert "2 at long: to short, the wait goes on" in said.getvalue() and "--yes moves 2" in said.getvalue()
    assert not Move.objects.filter(total=2).exists()
    call_command("move_runs", ACME, "late", "--from", "1", "--step", "long=short", "--yes", stdout=said)
    finish(worker)
    assert resting(worker) == [(2, "short")] * 2
    with pytest.raises(CommandError, match="no step 'long'"):
        call_command("move_runs", ZETA, "late", "--from", "1", stdout=said)


def test_nobody_is_moved_into_a_group_of_steps(worker: psycopg.Connection) -> None:
    enter(worker, "1")
    group = {"id": "group", "action": "transaction_group", "params": {"steps": [note("inside")]}}
    publish_new(group)
    (fault,) = plan_move(late(), 1, {"long": "inside"}).faults
    assert str(fault) == "plan.long: 'inside' is entered by its group alone; name that, or another"
    assert plan_move(late(), 1, {"long": "group"}).faults == []


def ask(id: str) -> dict[str, Any]:
    return {"id": id, "action": "approval", "params": {"text": "May we?", "timeout": {"amount": 5, "unit": "days"}}}


def test_a_question_stays_the_question_it_is_under_another_id(worker: psycopg.Connection, pushed: list[Event]) -> None:
    publish_new(ask("ask"), note("old"))
    enter(worker, "1")
    publish_new(ask("asked"), note("new"))
    start_move(late(), 2, {"ask": "asked"}, by="ann")
    finish(worker)
    (question,) = open_approvals(ACME)
    assert (question.step, question.text) == ("asked", "May we?")

    pushed.clear()
    decide(ACME, question.id, approved=True, by="ann", source="test")
    execute(worker, [event for event in pushed if event.type == "approval.decided"])
    assert (notes(worker), resting(worker)) == (["new"], [])
    assert [question.step for question in open_approvals(ZETA)] == ["ask"]


def test_who_is_moved_to_a_question_is_asked_when_the_run_gets_there(worker: psycopg.Connection) -> None:
    publish_new(ask("ask"), wait("later", 3), note("old"))
    enter(worker, "1")
    with tenant_context(ACME):
        (question,) = open_approvals(ACME)
    decide(ACME, question.id, approved=True, by="ann", source="test")
    publish_new(ask("ask"), note("new"))
    worker.execute(
        "UPDATE campaigns_parkedrun SET step = 'later' WHERE tenant_id = %s AND campaign_id > 0", [ACME]
    )  # as if it had gone on
    start_move(late(), 2, {"later": "ask"}, by="ann")
    finish(worker)
    assert resting(worker) == [(3, "ask")]
    assert open_approvals(ACME) == []


def test_who_waits_for_a_run_that_a_move_ends_goes_on(worker: psycopg.Connection, pushed: list[Event]) -> None:
    call = {"id": "call", "action": "execute_campaign", "params": {"campaign": "inner"}}
    requested = [{"type": "campaign_requested"}]
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "inner", {"triggers": requested, "steps": [wait("long", 10)]})
    publish_new(call, note("after"))
    enter(worker, "1")
    with tenant_context(ACME):
        inner = Campaign.objects.get(key="inner")
        inner.draft = {"triggers": requested, "steps": [note("begin")]}
        inner.save()
        operations.publish(inner, by="ann")
    start_move(inner, 1, {"long": "end"}, by="ann")
    finish(worker)
    pass_time(worker, pushed, later())
    assert (notes(worker), resting(worker)) == (["after"], [])
    assert len(resting(worker, ZETA)) == 2


def test_whose_time_came_during_a_pause_and_who_was_moved_to_another_step_is_not_overdue_there(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    enter(worker, "1")
    operations.pause(late())
    inside.tend(worker, NOW + 10 * DAY)
    pass_time(worker, pushed, NOW + 10 * DAY)
    publish_new()
    move({"long": "begin"})
    finish(worker)

    operations.resume(late(), "end")
    inside.tend(worker, NOW + 11 * DAY)
    pass_time(worker, pushed, NOW + 11 * DAY)

    assert (notes(worker), resting(worker)) == (["begin"], [(2, "short")])
    assert notes(worker, ZETA) == ["old"]
