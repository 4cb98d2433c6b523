"""Priority classes: what a tenant's campaigns of high priority hear, are told and run for goes first, of low last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ValidationError

from campaigns import batches, batching, handler, planning, runs
from campaigns.models import Batch, Campaign, Lead, ParkedRun
from campaigns.tenancy import tenant_context
from engine import enqueue
from engine.lanes import lanes
from engine.types import Event
from tests.integration.campaigns.dated import HOUR, add_leads, plan
from tests.integration.campaigns.newsletter import document, seen, set_up
from tests.integration.campaigns.shops import Shop, open_shop
from tests.integration.campaigns.world import ACME, ZETA, make_campaign
from tests.integration.engine.bundles import executor, lane

NOTE = {"id": "note", "action": "add_note", "params": {"text": "hello"}}
WAIT = {"id": "wait", "action": "wait_duration", "params": {"wait": {"amount": 1, "unit": "days"}}}
PURCHASE = {"type": "event", "event": "purchase"}


def publish(tenant: str, key: str, document: Any, priority: str) -> Campaign:
    with tenant_context(tenant):
        campaign = make_campaign(tenant, key, document)
        Campaign.objects.filter(pk=campaign.pk).update(priority=priority)
        campaign.refresh_from_db()
    return campaign


def on(trigger: Any, *steps: Any) -> dict[str, Any]:
    return {"triggers": [trigger], "steps": list(steps or [NOTE])}


# Ways in


@pytest.fixture
def shops(clean: None) -> tuple[Shop, Shop]:
    """The whale's campaign on purchases has high priority, the minnow's has not."""
    whale, minnow = open_shop("whale"), open_shop("minnow")
    publish("whale", "buyers", on(PURCHASE), "high")
    publish("minnow", "buyers", on(PURCHASE), "normal")
    return whale, minnow


def urgent(shop: Shop) -> dict[str, bool]:
    return {event.type: event.urgent for event in shop.waiting()}


def test_the_api_knows_which_events_are_urgent(shops: tuple[Shop, Shop]) -> None:
    for shop in shops:
        shop.post(b'[{"lead":"a","type":"purchase","data":{"amount":1}},{"lead":"b","type":"note"}]')

    assert [urgent(shop) for shop in shops] == [{"purchase": True, "note": False}, {"purchase": False, "note": False}]
    assert {name.decode().partition("|")[0] for name in lanes().client.hkeys("{fairlane}:urgent")} == {"whale"}


def test_a_priority_holds_at_once(shops: tuple[Shop, Shop]) -> None:
    whale, _ = shops
    with tenant_context("whale"):
        Campaign.objects.filter(key="buyers").update(priority="low")
    whale.post(b'[{"lead":"a","type":"nothing known"}]')  # it has the schema looked at again
    whale.post(b'[{"lead":"a","type":"purchase","data":{"amount":1}}]')

    assert urgent(whale) == {"purchase": False}


def test_a_campaign_that_does_not_run_makes_nothing_urgent(clean: None) -> None:
    whale = open_shop("whale")
    with tenant_context("whale"):
        Campaign.objects.create(tenant_id="whale", key="buyers", name="B", draft=on(PURCHASE), priority="high")
    whale.post(b'[{"lead":"a","type":"purchase","data":{"amount":1}}]')

    assert urgent(whale) == {"purchase": False}


def test_what_the_orm_changes_is_urgent_where_it_is_heard(shops: tuple[Shop, Shop]) -> None:
    publish("whale", "renamed", on({"type": "field_changed", "field": "first_name"}), "high")
    for shop in shops:
        with tenant_context(shop.tenant):
            ann = Lead.objects.create(tenant_id=shop.tenant, key="ann")
            ann.first_name, ann.last_name = "Ann", "Lee"
            ann.save()

    told = [{event.data.get("field"): event.urgent for event in shop.waiting()} for shop in shops]
    assert told == [
        {None: False, "first_name": True, "last_name": False}, {None: False, "first_name": False, "last_name": False},
    ]  # fmt: skip


def test_a_priority_is_one_of_three(shops: tuple[Shop, Shop]) -> None:
    with tenant_context("whale"), pytest.raises(ValidationError, match="not a valid choice"):
        Campaign(tenant_id="whale", key="x", name="X", priority="urgent").full_clean()


# What maintenance tells leads


@pytest.fixture
def crowd(clean: None, worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection:
    """Two tenants with ten leads each, whose batches tell two at a time."""
    set_up(worker, monkeypatch)
    return worker


def test_due_runs_are_as_urgent_as_their_campaigns(crowd: psycopg.Connection, pushed: list[Event]) -> None:
    publish(ACME, "late", on(PURCHASE, WAIT, NOTE), "high")
    publish(ZETA, "late", on(PURCHASE, WAIT, NOTE), "low")
    now = datetime.now(UTC)
    for tenant in (ACME, ZETA):
        bought = Event(id="b", tenant=tenant, lead="1", type="purchase", accepted_at=now, occurred_at=now)
        executor(crowd, handler.handle).execute([lane([bought])])
        with tenant_context(tenant):
            ParkedRun.objects.update(wake_at=now)

    runs.wake_due(crowd, now + timedelta(seconds=1))

    assert {event.tenant: event.urgent for event in pushed} == {ACME: True, ZETA: False}


def test_dates_are_as_urgent_as_their_campaigns(dated: psycopg.Connection, pushed: list[Event], now: datetime) -> None:
    for tenant, priority in ((ACME, "high"), (ZETA, "normal")):
        publish(tenant, "renew", on({"type": "date_reached", "field": "renewal"}), priority)
        add_leads(dated, tenant, soon=now + HOUR)
    pushed.clear()
    plan(dated, now)

    planning.tell_due(dated, now + HOUR)

    assert {event.tenant: event.urgent for event in pushed} == {ACME: True, ZETA: False}


# Batches


def starts(tenant: str, **priorities: str) -> dict[str, Batch]:
    """A batch of a campaign of each priority, begun in this order."""
    found = {}
    for key, priority in priorities.items():
        campaign = publish(tenant, key, document(), priority)
        with tenant_context(tenant):
            found[key] = batches.start(campaign, by="ann")
    return found


def served(crowd: psycopg.Connection, tenant: str, turns: int, now: datetime, step: float = 0.0) -> list[str]:
    """Whose members were told, in order, with so many seconds from one turn to the next."""
    asked: list[Event] = []
    for turn in range(turns):
        before = len(asked)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(enqueue, "push", asked.extend)
            batching._turn(crowd, lambda at=now + timedelta(seconds=turn * step): at, [])
        assert len(asked) - before <= batching.MEMBERS_AT_ONCE
    told = [event.data["campaign"] for event in asked if event.tenant == tenant]
    return [key for place, key in enumerate(told) if place == 0 or told[place - 1] != key]


def test_batches_of_high_priority_go_first_and_of_low_last(crowd: psycopg.Connection) -> None:
    starts(ACME, low="low", plain="normal", fast="high")

    assert served(crowd, ACME, 40, datetime.now(UTC) + timedelta(minutes=1)) == ["fast", "plain", "low"]


def test_no_batch_waits_for_ever(crowd: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ten seconds from turn to turn one of low priority has its turn among many of high."""
    monkeypatch.setattr(batching, "MEMBERS_AT_ONCE", 1)
    started = starts(ACME, low="low", fast="high", more="high", most="high")

    served(crowd, ACME, 20, datetime.now(UTC), step=10.0)

    assert seen(started["low"]).as_of is not None
    assert {seen(one).state for key, one in started.items() if key != "low"} <= {"counting", "sending"}


def test_priorities_are_within_a_tenant(crowd: psycopg.Connection) -> None:
    slow, fast = starts(ZETA, low="low")["low"], starts(ACME, fast="high")["fast"]
    now, had = datetime.now(UTC) + timedelta(minutes=1), []
    for _ in range(2):  # one round
        had.append(batching._turn(crowd, lambda: now, had))

    assert sorted(had) == [ACME, ZETA]
    assert all(seen(one).as_of is not None for one in (slow, fast))


def test_when_there_is_room_again_the_urgent_batch_has_it(
    crowd: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However their turns fell while much of the tenant waited and nobody was told."""
    started = starts(ACME, low="low", fast="high")
    now = datetime.now(UTC) + timedelta(minutes=1)
    with monkeypatch.context() as patch:
        patch.setattr(batching, "_is_shallow", lambda tenant: False)
        while any(seen(one).state == "counting" for one in started.values()):
            assert served(crowd, ACME, 1, now) == []
        served(crowd, ACME, 1, now + timedelta(seconds=0.3))

    assert served(crowd, ACME, 1, now + timedelta(seconds=0.3) + batching.DEEP_PAUSE) == ["fast"]


# What campaigns ask of other leads


def test_what_an_urgent_campaign_asks_of_other_leads_is_urgent(crowd: psycopg.Connection) -> None:
    asks = {"id": "ask", "action": "create_related_lead", "params": {"key": "friend", "relation": "friend"}}
    publish(ACME, "asks", on(PURCHASE, asks), "high")
    publish(ZETA, "asks", on(PURCHASE, asks), "low")
    now = datetime.now(UTC)
    for tenant in (ACME, ZETA):
        bought = Event(id="b", tenant=tenant, lead="1", type="purchase", accepted_at=now, occurred_at=now)
        executor(crowd, handler.handle).execute([lane([bought])])

    assert {name.decode().partition("|")[0] for name in lanes().client.hkeys("{fairlane}:urgent")} == {ACME}
