"""Smart lists that campaigns watch: what people and campaigns do to leads is heard once, in each tenant by itself."""

from __future__ import annotations

import psycopg
import pytest

from campaigns.explaining import explain
from campaigns.models import Definition, Lead
from campaigns.tenancy import tenant_context
from engine import outbox
from engine.types import Event
from tests.integration.campaigns.bundling import execute, purchase
from tests.integration.campaigns.dated import noted, publish
from tests.integration.campaigns.world import ACME, ZETA

BIG = {"field": "score", "operator": "at_least", "value": 5}
MANY = {"field": "orders", "operator": "at_least", "value": 2}
ADD = {"id": "add", "action": "increment_number", "params": {"field": "orders", "by": 1}}


@pytest.fixture(autouse=True)
def lists(two_tenants: None) -> None:
    """In both tenants; acme's campaign alone watches it."""
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            spec = {"filter": {"any": [BIG, MANY]}}
            Definition.objects.create(tenant_id=tenant, kind="smart_list", key="good", name="Good", spec=spec)
            Lead.objects.create(tenant_id=tenant, key="old", score=9)
            Lead.objects.create(tenant_id=tenant, key="anna")
    publish(ACME, {"type": "smart_list_joined", "smart_list": "good"}, key="joined")


def change(tenant: str, key: str, **values: int) -> None:
    with tenant_context(tenant):
        found = Lead.objects.get(key=key)
        for name, value in values.items():
            setattr(found, name, value)
        found.save(update_fields=list(values))


def hear(worker: psycopg.Connection, pushed: list[Event]) -> None:
    """What a person changed arrives in the lanes of both tenants."""
    for tenant in (ACME, ZETA):
        outbox._push_tenant(tenant)
        mine = [event for event in pushed if event.tenant == tenant]
        execute(worker, mine)
    pushed.clear()


def test_who_is_changed_by_a_person_so_that_it_matches_joins_once(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    hear(worker, pushed)
    for tenant in (ACME, ZETA):
        change(tenant, "anna", score=7)
        change(tenant, "old", score=8)
    hear(worker, pushed)
    assert noted(worker) == [(ACME, "anna")]

    change(ACME, "anna", score=1)
    hear(worker, pushed)
    change(ACME, "anna", score=6)
    hear(worker, pushed)
    assert noted(worker) == [(ACME, "anna")] * 2


def test_who_is_changed_by_campaigns_joins_across_bundles(worker: psycopg.Connection, pushed: list[Event]) -> None:
    publish(ACME, {"type": "event", "event": "purchase"}, steps=[ADD], key="add")
    for number in range(4):
        for tenant in (ACME, ZETA):
            execute(worker, [purchase(tenant, "new", id=f"p{number}")])
    assert noted(worker) == [(ACME, "new")]
    kept = "SELECT tenant_id, data ->> 'on' FROM campaigns_record WHERE kind = 'smart_list_seen'"
    assert worker.execute(kept).fetchall() == [(ACME, "true")]


def test_a_change_of_the_list_is_heard_with_the_next_event(worker: psycopg.Connection, pushed: list[Event]) -> None:
    hear(worker, pushed)
    execute(worker, [purchase(ACME, "anna")])
    with tenant_context(ACME):
        listed = Definition.objects.get(kind="smart_list", key="good")
        listed.spec = {"filter": {"field": "score", "operator": "at_least", "value": 0}}
        listed.save()
    execute(worker, [purchase(ACME, "anna", id="p2")])
    assert noted(worker) == [(ACME, "anna")]


def test_it_is_explained_whether_the_lead_was_seen_on_it(worker: psycopg.Connection, pushed: list[Event]) -> None:
    assert explain(ACME, "joined", "anna").times == ["smart list good: the lead has had no event since it is watched"]
    hear(worker, pushed)
    change(ACME, "anna", score=7)
    hear(worker, pushed)
    assert explain(ACME, "joined", "anna").times == ["smart list good: the lead was on it at its last event"]
