"""Leads changed through the ORM raise events with the commit of the change, or never."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from campaigns.acting import acting_as
from campaigns.models import Company, Lead, ListMember, Owner, StaticList
from campaigns.tenancy import tenant_context
from engine import maintenance, outbox
from engine.lanes import lanes
from engine.models import OutboxRow
from tests.integration.campaigns.shops import Shop, both_down, broker_down, open_shop


@pytest.fixture
def whale(clean: None) -> Shop:
    return open_shop("whale")


@pytest.fixture
def minnow(clean: None) -> Shop:
    return open_shop("minnow")


@pytest.fixture
def sweeper(worker_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection:
    """A worker's connection for sweep(), which here takes rows of any age."""
    monkeypatch.setattr(outbox, "SWEEP_AGE_SECONDS", -1)
    worker_connection.autocommit = True
    return worker_connection


def make_lead(tenant: str, key: str = "ann", **values: Any) -> Lead:
    with tenant_context(tenant):
        return Lead.objects.create(tenant_id=tenant, key=key, **values)


def change(lead: Lead, update_fields: list[str] | None = None, **values: Any) -> None:
    with tenant_context(lead.tenant_id):
        for name, value in values.items():
            setattr(lead, name, value)
        lead.save(update_fields=update_fields)


def told(shop: Shop) -> list[tuple[str, dict[str, Any]]]:
    return [(event.type, event.data) for event in shop.waiting()]


def rows_left(tenant: str) -> int:
    with tenant_context(tenant):
        return OutboxRow.objects.count()


def test_a_new_lead_is_told_once_to_its_own_tenant(whale: Shop, minnow: Shop) -> None:
    make_lead("whale", stage="vip", tags=["a"], score=3)

    assert told(whale) == [("lead.created", {})]
    assert whale.waiting()[0].lead == "ann"
    assert whale.waiting()[0].source == "signal"
    assert minnow.waiting() == []
    assert rows_left("whale") == 0


def test_each_changed_field_is_told_with_its_old_and_new_value(whale: Shop) -> None:
    with tenant_context("whale"):
        first = Owner.objects.create(tenant_id="whale", email="first@x.example", name="First")
        second = Owner.objects.create(tenant_id="whale", email="second@x.example", name="Second")
        company = Company.objects.create(tenant_id="whale", name="ACME")
    lead = make_lead("whale", owner=first, email="a@x.example", fields={"total": "1.10", "orders": 1})

    change(
        lead, owner=second, company=company, stage="customer", email=None, score=12, tags=["b", "a"],
        fields={"total": "1.20", "orders": 1},
    )  # fmt: skip

    assert told(whale)[1:] == [
        ("field.changed", {"field": "company", "old": None, "new": "ACME"}),
        ("field.changed", {"field": "email", "old": "a@x.example", "new": None}),
        ("field.changed", {"field": "owner", "old": "first@x.example", "new": "second@x.example"}),
        ("field.changed", {"field": "score", "old": 0, "new": 12}),
        ("score.changed", {"field": "score", "old": 0, "new": 12, "change": 12}),
        ("field.changed", {"field": "stage", "old": None, "new": "customer"}),
        ("field.changed", {"field": "total", "old": "1.10", "new": "1.20"}),
        ("tag.added", {"tag": "a"}),
        ("tag.added", {"tag": "b"}),
    ]


def test_a_save_that_changes_nothing_tells_nothing(whale: Shop) -> None:
    lead = make_lead("whale", tags=["a"], fields={"orders": 1})

    change(lead)

    assert [kind for kind, _ in told(whale)] == ["lead.created"]


def test_a_tag_that_goes_is_told(whale: Shop, minnow: Shop) -> None:
    change(make_lead("whale", tags=["a", "b"]), tags=["b"])

    assert told(whale)[1:] == [("tag.removed", {"tag": "a"})]
    assert minnow.waiting() == []


def test_leaving_a_list_is_told_but_not_that_the_lead_or_the_list_went(whale: Shop, minnow: Shop) -> None:
    with tenant_context("whale"):
        for key in ("one", "two", "three", "four"):
            lead = make_lead("whale", key)
            ListMember.objects.create(tenant_id="whale", lead=lead, list=StaticList.objects.get())
        ListMember.objects.get(lead__key="one").delete()
        ListMember.objects.filter(lead__key="two").delete()
        Lead.objects.get(key="three").delete()
        StaticList.objects.get().delete()

    left = [(event.lead, event.data) for event in whale.waiting() if event.type == "list.left"]
    assert sorted(left) == [("one", {"list": "vips"}), ("two", {"list": "vips"})]
    assert minnow.waiting() == []


def test_what_was_stored_counts_and_not_what_the_instance_remembers(whale: Shop) -> None:
    lead = make_lead("whale", stage="customer")
    with tenant_context("whale"):
        Lead.objects.filter(pk=lead.pk).update(stage="vip", score=5)

    change(lead, stage="vip", update_fields=["stage"])
    change(lead, score=F("score") + 1, update_fields=["score"])

    assert told(whale)[1:] == [
        ("field.changed", {"field": "score", "old": 5, "new": 6}),
        ("score.changed", {"field": "score", "old": 5, "new": 6, "change": 1}),
    ]


def test_joining_a_list_is_told(whale: Shop, minnow: Shop) -> None:
    lead = make_lead("whale")
    with tenant_context("whale"):
        ListMember.objects.get_or_create(tenant_id="whale", lead=lead, list=StaticList.objects.get())
        ListMember.objects.get_or_create(tenant_id="whale", lead=lead, list=StaticList.objects.get())

    assert told(whale)[1:] == [("list.joined", {"list": "vips"})]
    assert minnow.waiting() == []


def test_the_acting_user_is_told(whale: Shop) -> None:
    with acting_as(User(username="maria")):
        lead = make_lead("whale")
    with acting_as("import"):
        change(lead, score=1)

    assert [event.source for event in whale.waiting()] == ["signal:maria", "signal:import", "signal:import"]


def test_a_transaction_rolled_back_tells_nothing(whale: Shop) -> None:
    lead = make_lead("whale")

    with pytest.raises(RuntimeError), tenant_context("whale"):
        lead.stage = "vip"
        lead.save()
        raise RuntimeError

    assert [kind for kind, _ in told(whale)] == ["lead.created"]
    assert rows_left("whale") == 0


def test_a_savepoint_rolled_back_takes_only_its_own_events(whale: Shop) -> None:
    with tenant_context("whale"):
        with pytest.raises(RuntimeError), transaction.atomic():
            Lead.objects.create(tenant_id="whale", key="first")
            raise RuntimeError
        Lead.objects.create(tenant_id="whale", key="second")
        with pytest.raises(RuntimeError), transaction.atomic():
            Lead.objects.create(tenant_id="whale", key="third")
            raise RuntimeError
        Lead.objects.create(tenant_id="whale", key="fourth")

    assert sorted(event.lead for event in whale.waiting()) == ["fourth", "second"]
    assert rows_left("whale") == 0


def test_a_large_transaction_is_told_whole_and_in_order(whale: Shop) -> None:
    with tenant_context("whale"):
        lead = Lead.objects.create(tenant_id="whale", key="ann")
        for score in range(1, 131):
            lead.score = score
            lead.save(update_fields=["score"])

    scores = [event.data["new"] for event in whale.waiting() if event.type == "score.changed"]
    assert scores == list(range(1, 131))
    assert rows_left("whale") == 0


def test_a_crash_after_the_commit_leaves_a_row_that_is_swept(
    whale: Shop, minnow: Shop, sweeper: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_push_tenant", lambda tenant: None)
        make_lead("whale")
        make_lead("minnow", "bob")
    assert (rows_left("whale"), rows_left("minnow")) == (1, 1)
    assert whale.waiting() == []

    assert outbox.sweep(sweeper) == 2

    assert [event.lead for event in whale.waiting()] == ["ann"]
    assert [event.lead for event in minnow.waiting()] == ["bob"]
    assert (rows_left("whale"), rows_left("minnow")) == (0, 0)
    assert outbox.sweep(sweeper) == 0


def test_a_transaction_that_pushes_first_does_not_overtake_the_one_that_committed_first(
    whale: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = make_lead("whale")
    push_now = outbox._push_tenant
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_push_tenant", lambda tenant: None)  # this process is slow after its commit
        change(lead, score=1)

    change(lead, score=2)
    push_now("whale")  # the slow one wakes up

    scores = [event.data["new"] for event in whale.waiting() if event.type == "score.changed"]
    assert scores == [1, 2]


def test_while_the_broker_is_down_events_go_from_the_outbox_to_the_buffer(
    whale: Shop, minnow: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broker_down(monkeypatch):
        make_lead("whale")
        make_lead("minnow", "bob")

    assert (whale.waiting(), minnow.waiting()) == ([], [])
    assert [event.lead for event in whale.spilled()] == ["ann"]
    assert [event.lead for event in minnow.spilled()] == ["bob"]
    assert rows_left("whale") == rows_left("minnow") == 0


def test_the_broker_and_the_buffer_being_down_refuses_no_save(
    whale: Shop, sweeper: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with both_down(monkeypatch):
        make_lead("whale")

    assert (whale.waiting(), whale.spilled()) == ([], [])
    assert rows_left("whale") == 1
    outbox.sweep(sweeper)
    assert [event.lead for event in whale.waiting()] == ["ann"]


def test_a_tenant_with_a_full_lane_holds_up_only_itself_and_keeps_its_order(
    whale: Shop, minnow: Shop, sweeper: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = lanes().settings
    with both_down(monkeypatch):
        with tenant_context("whale"):
            for key in ("ann", "ann2"):
                Lead.objects.create(tenant_id="whale", key=key)
        for score in (1, 2):
            with tenant_context("whale"):
                lead = Lead.objects.get(key="ann")
                lead.score = score
                lead.save()
        make_lead("minnow", "bob")

    with monkeypatch.context() as patch:
        patch.setattr(lanes(), "settings", type(settings)(**(vars(settings) | {"lane_limit": 1, "spill_limit": 0})))
        outbox.sweep(sweeper)
        outbox.sweep(sweeper)
        assert [event.lead for event in minnow.waiting()] == ["bob"]
        assert [event.lead for event in whale.waiting()] == ["ann2"]  # accepted once, not at each sweep
    outbox.sweep(sweeper)

    scores = [event.data["new"] for event in whale.spilled() if event.type == "score.changed"]
    assert scores == [1, 2]
    assert rows_left("whale") == 0


def test_maintenance_does_all_its_chores_and_survives_that_nobody_takes_events(
    whale: Shop, sweeper: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with both_down(monkeypatch):
        make_lead("whale")
        keeper = maintenance.Maintenance()
        assert keeper.run_once() == ["sweep_outbox"]

    assert keeper.run_once() == []
    keeper.close()

    assert [event.lead for event in whale.waiting()] == ["ann"]
