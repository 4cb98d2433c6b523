"""Batches that start by themselves: planned on publication and after each, made up for or not, each tenant its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.test import Client

from campaigns import batching, keys, operations
from campaigns.models import Batch, Campaign
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.world import ACME, MARKETERS, ZETA, canary, logged_in, make_campaign, make_tenant

EVERYBODY = {"field": "score", "operator": "is_empty"}
NOTE = {"id": "note", "action": "add_note", "params": {"text": "hello"}}
DAY = timedelta(days=1)


def document(**schedule: Any) -> dict[str, Any]:
    given = {"rule": "RRULE:FREQ=DAILY;BYHOUR=9", "starts": "2026-01-01T00:00", "zone": "UTC"} | schedule
    return {"triggers": [{"type": "batch", "audience": EVERYBODY}], "schedule": given, "steps": [NOTE]}


@pytest.fixture
def worker(clean: None, worker_connection: psycopg.Connection) -> psycopg.Connection:
    worker_connection.autocommit = True
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
    return worker_connection


def publish(tenant: str, **schedule: Any) -> Campaign:
    with tenant_context(tenant):
        return make_campaign(tenant, "daily", document(**schedule))


def planned(campaign: Campaign) -> datetime:
    with tenant_context(campaign.tenant_id):
        found = Campaign.objects.get(pk=campaign.pk).next_batch_at
    assert found is not None
    return found


def started(campaign: Campaign) -> list[datetime | None]:
    with tenant_context(campaign.tenant_id):
        return list(Batch.objects.filter(campaign=campaign).order_by("id").values_list("planned_for", flat=True))


def start_due(worker: psycopg.Connection, now: datetime) -> None:
    for _ in range(10):
        if not batching._start_planned(worker, now):
            return
    raise AssertionError("it does not end")


def test_the_next_batch_is_planned_on_publication_and_after_each(worker: psycopg.Connection) -> None:
    campaign, other = publish(ACME), publish(ZETA, rule="FREQ=DAILY;BYHOUR=9;INTERVAL=2")
    first = planned(campaign)
    assert datetime.now(UTC) < first <= datetime.now(UTC) + DAY
    assert first.hour == 9

    start_due(worker, first - timedelta(seconds=1))
    assert started(campaign) == []
    for now in (first, first + timedelta(seconds=1)):
        start_due(worker, now)
        assert started(campaign) == [first]
    assert planned(campaign) == first + DAY
    assert len(started(other)) <= 1


def test_a_schedule_that_was_taken_away_starts_nothing(worker: psycopg.Connection) -> None:
    campaign = publish(ACME)
    first = planned(campaign)
    with tenant_context(ACME):
        stored = Campaign.objects.get(pk=campaign.pk)
        stored.draft = {key: value for key, value in document().items() if key != "schedule"}
        stored.save()
        operations.publish(stored, by="ann")
    start_due(worker, first + DAY)
    assert started(campaign) == []


@pytest.mark.parametrize(("missed", "batches"), [("skip", []), ("run_once", [3]), ("run_all", [0, 1, 2, 3])])
def test_times_that_were_missed_are_treated_as_the_schedule_says(
    worker: psycopg.Connection, missed: str, batches: list[int]
) -> None:
    campaign = publish(ACME, missed=missed)
    first = planned(campaign)
    start_due(worker, first + 3 * DAY + timedelta(hours=1))
    assert started(campaign) == [first + days * DAY for days in batches]
    assert planned(campaign) == first + 4 * DAY


def test_while_its_campaign_is_paused_nothing_is_started(worker: psycopg.Connection) -> None:
    campaign = publish(ACME, missed="run_once")
    first = planned(campaign)
    operations.pause(campaign)
    start_due(worker, first + DAY)
    assert started(campaign) == []
    operations.resume(campaign)
    start_due(worker, first + DAY)
    assert started(campaign) == [first + DAY]


def test_a_crash_while_it_is_started_starts_it_once(
    worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = publish(ACME)
    first = planned(campaign)
    with monkeypatch.context() as patch:
        patch.setitem(batching.QUERIES, "plan_batch", "SELECT 1 / 0")
        with pytest.raises(psycopg.errors.DivisionByZero):
            start_due(worker, first)
    assert started(campaign) == []
    start_due(worker, first)
    assert started(campaign) == [first]


def test_a_schedule_that_cannot_be_followed_holds_up_no_other(
    worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, good = publish(ACME), publish(ZETA)
    first = planned(good)
    worker.execute("UPDATE campaigns_campaign SET next_batch_at = %s WHERE id = ANY(%s)", [first, [broken.pk, good.pk]])
    read, asked = batching.read_schedule, []

    def fail_first(document: Any, zone: ZoneInfo) -> Any:
        asked.append(document)
        if len(asked) == 1:
            raise ValueError("no time is found")
        return read(document, zone)

    monkeypatch.setattr(batching, "read_schedule", fail_first)
    start_due(worker, first)
    assert started(broken) + started(good) == [first]


def test_what_is_planned_next_is_told_to_its_tenant(worker: psycopg.Connection) -> None:
    campaign, _ = publish(ACME), publish(ZETA, rule="FREQ=DAILY;BYHOUR=4")
    at = planned(campaign).astimezone(ZoneInfo("Europe/Vienna")).strftime("%Y-%m-%d %H:%M %Z")
    ann = logged_in(MARKETERS[ACME])

    shown = ann.get("/admin/campaigns/batch/").content.decode()
    assert f"/admin/campaigns/campaign/{campaign.pk}/change/" in shown and canary(ZETA) not in shown
    assert "Planned next" in shown and f"at {at}" in shown
    operations.pause(campaign)
    assert "if it is not paused by then" in ann.get("/admin/campaigns/batch/").content.decode()
    key = keys.issue(ACME, name="k", scopes=["campaigns:read"])[1]
    reader = Client(headers={"authorization": f"Bearer {key}"})
    told = reader.get("/api/v1/campaigns/daily/batches").json()["next_at"]
    assert datetime.fromisoformat(told) == planned(campaign)
