"""Random campaigns of many tenants, executed in whole bundles, leave in the database what the plainest walk over their
documents does, one event after the other."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest

from campaigns import handler, operations, rulebooks, runs, tripping
from campaigns.models import Campaign, EventType, FieldDefinition, StaticList, Tag
from campaigns.tenancy import tenant_context
from engine import enqueue
from engine.types import Event
from tests.integration.engine.bundles import executor, lane
from tests.unit.campaigns.model.generation import EVENTS, LISTS, NUMBERS, TAGS, TEXTS, ZONE, happening, rulebook
from tests.unit.campaigns.model.reference import Reference, new_lead
from tests.unit.campaigns.model.test_random_campaigns import MUST, plain_state

RULEBOOKS = 100
LEADS = ("1", "2", "3")
STEPS = 6
NOW = datetime.now(UTC).replace(microsecond=0)
Rows = list[tuple[str, str | None, str | None]]


class Both:
    """A tenant in the database, and its leads in the reference."""

    def __init__(self, tenant: str, seed: int) -> None:
        self.tenant, self.random = tenant, Random(seed)
        documents = rulebook(seed)
        operations.create_tenant(tenant, name=tenant, timezone=ZONE)
        with tenant_context(tenant):
            make_vocabulary(tenant)
            made = publish(tenant, documents)
        campaigns = [{"id": id, "key": key, "document": documents[key]} for key, id in made.items()]
        self.names = {id: key for key, id in made.items()}
        self.reference = Reference(campaigns, MUST, ZONE)
        self.leads = {key: new_lead() for key in LEADS}
        self.rows: dict[str, Rows] = {key: [] for key in LEADS}

    def tell(self, event: Event, now: datetime) -> None:
        """Let it happen in the reference."""
        plain = {"type": event.type, "data": event.data, "key": event.ledger_key, "at": event.occurred_at}
        plain |= {name: event.data.get(name) for name in ("run", "waits")}
        self.rows[event.lead] += self.reference.happen(self.leads[event.lead], plain, now)

    def events(self, number: int, now: datetime) -> list[Event]:
        """What happens to its leads at one time."""
        return [
            Event(
                id=f"e{number}-{place}", tenant=self.tenant, lead=self.random.choice(LEADS), type=type,
                accepted_at=now, occurred_at=now, data=data,
            )
            for place in range(4)
            for type, data in [happening(self.random)]
        ]  # fmt: skip


def make_vocabulary(tenant: str) -> None:
    for kind, found in EVENTS.items():
        attributes = [{"name": name, "type": type, "required": must} for name, (type, must) in found.items()]
        EventType.objects.create(tenant_id=tenant, name=kind, label=kind, attributes=attributes)
    for names, type in ((NUMBERS, "integer"), (TEXTS, "string")):
        for name in names:
            FieldDefinition.objects.create(tenant_id=tenant, key=name, label=name, type=type)
    for name in TAGS:
        Tag.objects.create(tenant_id=tenant, name=name)
    for name in LISTS:
        StaticList.objects.create(tenant_id=tenant, key=name, name=name)


def publish(tenant: str, documents: dict[str, Any]) -> dict[str, int]:
    """Campaigns name each other, so all are there before the first is published; they ask for later ones only."""
    made = [
        Campaign.objects.create(tenant_id=tenant, key=key, name=key, position=place, draft=document)
        for place, (key, document) in enumerate(documents.items(), 1)
    ]
    for campaign in reversed(made):
        operations.publish(campaign, by="ann")
    return {campaign.key: campaign.pk for campaign in made}


def execute(worker: psycopg.Connection, both: dict[str, Both], events: list[Event], now: datetime) -> None:
    """One bundle with the lanes of all tenants; the reference hears the events one after the other."""
    of = {tenant: [event for event in events if event.tenant == tenant] for tenant in both}
    report = executor(worker, handler.handle, clock=lambda: now).execute([lane(own) for own in of.values() if own])
    assert report.dead == 0
    assert sum(outcome.done for outcome in report.outcomes.values()) == len(events)
    for event in events:
        both[event.tenant].tell(event, now)


def stored_rows(worker: psycopg.Connection, both: dict[str, Both]) -> dict[tuple[str, str], Rows]:
    found: dict[tuple[str, str], Rows] = {(tenant, lead): [] for tenant in both for lead in LEADS}
    query = (
        "SELECT a.tenant_id, l.key, a.campaign_id, a.step, a.data->>'outcome' FROM campaigns_activity AS a"
        " JOIN campaigns_lead AS l ON l.tenant_id = a.tenant_id AND l.id = a.lead_id"
        " WHERE a.campaign_id IS NOT NULL ORDER BY a.id"
    )
    for tenant, lead, campaign, step, outcome in worker.execute(query):
        found[tenant, lead].append((both[tenant].names[campaign], step, outcome))
    return found


def stored_states(worker: psycopg.Connection, both: dict[str, Both]) -> dict[tuple[str, str], Any]:
    query = (
        "SELECT l.tenant_id, l.key, l.score, l.fields, l.tags, ARRAY(SELECT s.key FROM campaigns_listmember AS m"
        " JOIN campaigns_staticlist AS s ON s.tenant_id = m.tenant_id AND s.id = m.list_id"
        " WHERE m.tenant_id = l.tenant_id AND m.lead_id = l.id) FROM campaigns_lead AS l"
    )
    found = {
        (tenant, key): ({"score": score} | fields, set(tags), set(lists), set[Any]())
        for tenant, key, score, fields, tags, lists in worker.execute(query)
    }
    query = (
        "SELECT r.tenant_id, l.key, r.id, r.campaign_id, r.step, r.wake_at, r.waits FROM campaigns_parkedrun AS r"
        " JOIN campaigns_lead AS l ON l.tenant_id = r.tenant_id AND l.id = r.lead_id"
    )
    for tenant, key, id, campaign, step, wake_at, waits in worker.execute(query):
        found[tenant, key][3].add((id, both[tenant].names[campaign], step, wake_at, waits))
    return found


def test_bundles_leave_what_one_event_after_the_other_does(
    clean: None, worker_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker_connection.autocommit = True
    pushed: list[Event] = []
    monkeypatch.setattr(enqueue, "push", pushed.extend)
    monkeypatch.setattr(handler, "_cache", rulebooks.RulebookCache(size=RULEBOOKS))
    monkeypatch.setattr(tripping.Tallies, "note", lambda *given: None)  # those that loop are not stopped here
    both = {f"t{seed:03}": Both(f"t{seed:03}", seed) for seed in range(RULEBOOKS)}
    random, now, woken = Random(0), NOW, 0
    for number in range(STEPS):
        now += timedelta(minutes=random.choice((0, 1, 30, 61, 400, 1500)))
        pushed.clear()
        woken += runs.wake_due(worker_connection, now)
        told = [event for event in pushed if event.type == "run.due"]
        execute(worker_connection, both, told + [e for one in both.values() for e in one.events(number, now)], now)

        states = stored_states(worker_connection, both)
        assert states == {(t, k): plain_state(both[t].leads[k]) for t, k in states}
    assert stored_rows(worker_connection, both) == {(t, k): both[t].rows[k] for t in both for k in LEADS}
    outcomes = Counter(row[2] for one in both.values() for rows in one.rows.values() for row in rows)
    assert outcomes.keys() >= {"done", "no_op", "skipped", "failed", "deferred"}
    assert woken > RULEBOOKS // 10
