"""Steps that group, undo, test and join, with the database, each under its own tenant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
import pytest
from django.test import Client

from campaigns import handler, keys, operations, rulebooks
from campaigns.experiments import figures_of
from campaigns.language.run import RUN_DUE
from campaigns.models import Campaign, Lead, ParkedRun, Record
from campaigns.tenancy import tenant_context
from engine import db
from engine.types import Event
from tests.integration.campaigns.carrying import execute, history, publish, purchase, step
from tests.integration.campaigns.racing import PerThread, at_once, in_bundles
from tests.integration.campaigns.world import ACME, MARKETERS, ZETA, logged_in, make_tenant

TENANTS = (ACME, ZETA)


@pytest.fixture(autouse=True)
def tenants(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "_cache", rulebooks.RulebookCache(size=10))
    for tenant in TENANTS:
        make_tenant(tenant)


@pytest.fixture
def worker(worker_connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    worker_connection.autocommit = True
    yield worker_connection


def test_a_group_is_stored_as_a_whole_or_not_at_all(worker: psycopg.Connection) -> None:
    changes = [step("increment_number", "count", field="orders", by=5), step("create_task", "task", subject="Call")]
    for tenant, most in ((ACME, 2**31), (ZETA, 7)):
        last = step("change_score", "last", amount=most)
        publish(tenant, "all", step("transaction_group", "group", steps=[*changes, last]), step("add_note", text="x"))
    execute(worker, *(purchase(tenant) for tenant in TENANTS))
    stored = {}
    for tenant in TENANTS:
        with tenant_context(tenant):
            lead = Lead.objects.get(key="1")
            stored[tenant] = lead.fields, lead.score, Record.objects.filter(kind="task").count()
    assert stored == {ACME: ({"orders": 2}, 0, 0), ZETA: ({"orders": 7}, 7, 1)}  # the other campaign counts one
    assert history(worker, ACME, "1")[-2:] == [("group", "group", "failed"), ("note_added", "one", "done")]
    assert [step for _, step, _ in history(worker, ZETA, "1")][-5:] == ["count", "task", "last", "group", "one"]


def test_what_was_passed_is_stored_and_undone_when_the_run_is_called_off(worker: psycopg.Connection) -> None:
    mark = step("checkpoint", "mark", label="seat", undo=[step("increment_number", "back", field="orders", by=-5)])
    wait = step("wait_duration", "wait", wait={"amount": 1, "unit": "days"})
    exits = [{"label": "off", "trigger": {"type": "list_joined", "list": "vips"}, "undo": True}]
    for tenant in TENANTS:
        publish(tenant, "book", step("increment_number", "book", field="orders", by=5), mark, wait, exits=exits)
    execute(worker, *(purchase(tenant, "2") for tenant in TENANTS))
    publish(ACME, "off", step("add_to_list", "off", list="vips"))
    execute(worker, *(purchase(tenant, "2", "e2") for tenant in TENANTS))
    left = {}
    for tenant in TENANTS:
        with tenant_context(tenant):
            states = ParkedRun.objects.filter(campaign__key="book").values_list("state__passed", flat=True)
            left[tenant] = list(states), Lead.objects.get(key="2").fields
    assert left == {ACME: ([], {"orders": 2}), ZETA: ([["mark"]], {"orders": 7})}


def test_variants_are_counted_exactly_by_bundles_that_race_and_shown(
    worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "_cache", PerThread())
    connect = partial(db.connect, os.environ["WORKER_DATABASE_URL"], "fairlane-test")
    variants = [{"label": label, "steps": [step("add_note", f"n{label}", text=label)]} for label in "ab"]
    ab = step(
        "ab_test", "which", variants=variants, metric={"type": "list_joined", "list": "vips"},
        within={"amount": 1, "unit": "days"}, decide_after={"amount": 1, "unit": "minutes"}, minimum=5,
    )  # fmt: skip
    for tenant in TENANTS:
        publish(tenant, "try", ab, step("add_to_list", "join", list="vips"))
    at_once(connect, in_bundles(ACME, "x", 6, 5), in_bundles(ACME, "y", 6, 5), in_bundles(ZETA, "x", 2, 3))
    counts = {}
    for tenant in TENANTS:
        with tenant_context(tenant):
            (found,) = figures_of(Campaign.objects.get(key="try"))
            counts[tenant] = sum(one.leads for one in found.variants), sum(one.results for one in found.variants)
    assert counts == {ACME: (60, 60), ZETA: (6, 6)}
    later = datetime.now(UTC) + timedelta(minutes=2)
    execute(worker, purchase(ACME, "z1", "e7"), clock=lambda: later)
    execute(worker, purchase(ACME, "z2", "e8"), clock=lambda: later)
    assert [kind for kind, _, _ in history(worker, ACME, "z1")].count("winner_chosen") == 1
    assert [kind for kind, _, _ in history(worker, ACME, "z2")].count("winner_chosen") == 0
    _, key = keys.issue(ACME, name="reads", scopes=["campaigns:read"])
    (shown,) = Client().get("/api/v1/campaigns/try/tests", headers={"Authorization": f"Bearer {key}"}).json()["tests"]
    assert (shown["step"], shown["winner"]) == ("which", "a")
    with tenant_context(ACME):
        number = Campaign.objects.get(key="try").pk
    page = logged_in(MARKETERS[ACME]).get(f"/admin/campaigns/campaign/{number}/change/").content.decode()
    assert "100.0 %" in page and "won 2" in page


def test_what_a_run_requested_is_waited_for_in_the_database(worker: psycopg.Connection) -> None:
    wait = step("wait_for_event", "wait", timeout={"amount": 1, "unit": "days"}, branches=[
        {"label": "on", "trigger": {"type": "list_joined", "list": "vips"}, "steps": []}])  # fmt: skip
    for tenant in TENANTS:
        publish(tenant, "part", wait, triggers=[{"type": "campaign_requested"}])
        joined = step("join", "join", campaigns=["part"], timeout={"amount": 2, "unit": "days"})
        publish(tenant, "whole", step("request_campaign", "ask", campaign="part"), joined, step("add_note", text="x"))
    execute(worker, *(purchase(tenant, "2") for tenant in TENANTS))
    publish(ACME, "on", step("add_to_list", "go", list="vips"))
    execute(worker, *(purchase(tenant, "2", "e2") for tenant in TENANTS))
    left = {}
    for tenant in TENANTS:
        with tenant_context(tenant):
            left[tenant] = sorted(ParkedRun.objects.filter(lead__key="2").values_list("step", flat=True))
    assert left == {ACME: [], ZETA: ["join", "wait"]}
    assert ("note_added", "one", "done") in history(worker, ACME, "2")


def test_runs_are_removed_by_the_tag_of_campaigns_of_their_own_tenant(worker: psycopg.Connection) -> None:
    wait = step("wait_duration", "wait", wait={"amount": 1, "unit": "days"})
    for tenant in TENANTS:
        publish(tenant, "old", wait, tags=["winback"])
    remove = step("remove_from_flow", "out", campaign={"tag": "winback"})
    execute(worker, *(purchase(tenant, "2") for tenant in TENANTS))
    publish(ACME, "new", remove, triggers=[{"type": "list_joined", "list": "vips"}])
    for tenant in TENANTS:
        publish(tenant, "join", step("add_to_list", "go", list="vips"))
    execute(worker, *(purchase(tenant, "2", "e2") for tenant in TENANTS))
    left = {}
    for tenant in TENANTS:
        with tenant_context(tenant):
            left[tenant] = list(ParkedRun.objects.filter(lead__key="2").values_list("step", flat=True))
    assert left == {ACME: [], ZETA: ["wait"]}
    with tenant_context(ZETA):
        refused = Campaign(tenant_id=ZETA, key="x", draft={"triggers": [{"type": "lead_created"}], "steps": [
            step("remove_from_flow", campaign={"tag": "spring"})]})  # fmt: skip
        assert [str(fault) for fault in operations.faults_of(refused)] == [
            "steps[0].params.campaign.tag: no campaign has the tag 'spring'; known: winback"
        ]


def test_a_jump_rests_in_the_database_and_is_made_once_behind_a_restart(
    worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    interval = {"amount": 1, "unit": "days"}
    jump = step("jump_to", "jump", step="count", max_jumps=1, min_interval=interval)
    publish(ACME, "loop", step("increment_number", "count", field="orders", by=5), jump)
    publish(ZETA, "loop", step("increment_number", "count", field="orders", by=5), {**jump, "params": {
        "step": "count", "max_jumps": 1}})  # fmt: skip
    execute(worker, *(purchase(tenant, "2") for tenant in TENANTS))
    with tenant_context(ACME):
        (parked,) = ParkedRun.objects.filter(lead__key="2")
        before = Lead.objects.get(key="2").fields
    monkeypatch.setattr(handler, "_cache", rulebooks.RulebookCache(size=10))
    later = datetime.now(UTC) + timedelta(days=1, minutes=1)
    told = {"run": parked.id, "waits": parked.waits}
    for id in ("due-1", "due-2"):
        due = Event(id=id, tenant=ACME, lead="2", type=RUN_DUE, accepted_at=later, occurred_at=later, data=told)
        execute(worker, due, clock=lambda: later)
    left = {}
    for tenant in TENANTS:
        with tenant_context(tenant):
            left[tenant] = ParkedRun.objects.filter(lead__key="2").count(), Lead.objects.get(key="2").fields
    assert (parked.step, before) == ("jump", {"orders": 6})  # the other campaign counts one
    assert left == {tenant: (0, {"orders": 11}) for tenant in TENANTS}
    assert [kind for kind, step, _ in history(worker, ACME, "2") if step == "jump"] == [
        "wait_entered", "jumped", "jumped",
    ]  # fmt: skip


def test_moments_of_a_day_are_counted_for_each_lead_of_each_tenant(worker: psycopg.Connection) -> None:
    for tenant, most in ((ACME, 1), (ZETA, 2)):
        publish(tenant, "tell", step("interesting_moment", "tell", type="Web", description="x", max_per_day=most))
    for id in ("e1", "e2", "e3"):
        execute(worker, *(purchase(tenant, "2", id) for tenant in TENANTS))
    said = {
        tenant: [outcome for _, step, outcome in history(worker, tenant, "2") if step == "tell"] for tenant in TENANTS
    }
    assert said == {ACME: ["done", "skipped", "skipped"], ZETA: ["done", "done", "skipped"]}
