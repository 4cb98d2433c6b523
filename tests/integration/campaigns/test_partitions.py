"""Leads are moved between partitions: one of an address in each, also when many move at once, each tenant's own."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from django.test import Client

from campaigns import handler, keys, shared
from campaigns.models import Definition, Lead, Record
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.carrying import execute, history, publish, purchase, step
from tests.integration.campaigns.racing import Connect, PerThread, at_once, purchases
from tests.integration.campaigns.world import ACME, MARKETERS, ZETA, logged_in, make_tenant

MOVE = step("change_partition", partition="europe")


@pytest.fixture(autouse=True)
def tenants(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "_cache", PerThread())
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        with tenant_context(tenant):
            for key in ("europe", "asia"):
                Definition.objects.create(tenant_id=tenant, kind="partition", key=key, name=key, spec={})
        publish(tenant, "move", MOVE, filter={"event": "amount", "operator": "is", "value": 1})


def people(tenant: str, email: str | None, *names: str) -> None:
    with tenant_context(tenant):
        Lead.objects.bulk_create(Lead(tenant_id=tenant, key=name, email=email) for name in names)


def moved(tenant: str) -> list[str]:
    with tenant_context(tenant):
        found = Record.objects.filter(kind="partition", data__partition="europe")
        return list(found.order_by("lead__key").values_list("lead__key", flat=True))


def test_of_those_with_one_address_one_is_moved_though_all_are_at_once(
    connect: Connect, worker: psycopg.Connection
) -> None:
    names = [f"n{number}" for number in range(12)]
    people(ACME, "Ann@acme.test", *names)
    people(ZETA, "ann@acme.test", "z")

    at_once(
        connect,
        [purchases(ACME, names[:6])],
        *[[purchases(ACME, [name])] for name in names[6:]],
        [purchases(ZETA, ["z"])],
    )

    assert (len(moved(ACME)), moved(ZETA)) == (1, ["z"])
    outcomes = [row[2] for name in names for row in history(worker, ACME, name) if row[0] == "change_lead_partition"]
    assert sorted(outcomes) == ["done"] + ["skipped"] * 11
    assert worker.execute("SELECT count(*) FROM campaigns_sharedrecord WHERE kind = 'seat'").fetchone() == (0,)


def test_who_was_moved_before_is_seen_and_who_was_deleted_or_has_another_address_is_not(
    worker: psycopg.Connection,
) -> None:
    people(ACME, "straße@acme.test", "a", "b")
    people(ACME, "other@acme.test", "c")
    execute(worker, purchase(ACME, "a", "1"), purchase(ACME, "c", "2"))
    execute(worker, purchase(ACME, "b", "3"))
    assert moved(ACME) == ["a", "c"]

    worker.execute("UPDATE campaigns_lead SET deleted_at = now() WHERE tenant_id = %s AND key = 'a'", [ACME])
    execute(worker, purchase(ACME, "b", "4"))

    assert moved(ACME) == ["a", "b", "c"]
    assert moved(ZETA) == []


def test_who_leaves_makes_room_within_the_same_bundle(worker: psycopg.Connection) -> None:
    away = step("change_partition", partition="asia")
    publish(ACME, "away", away, filter={"event": "amount", "operator": "is", "value": 2})
    people(ACME, "ann@acme.test", "a", "b")
    execute(worker, purchase(ACME, "a", "1"))

    execute(worker, purchase(ACME, "a", "2", amount="2"), purchase(ACME, "b", "3"))

    assert moved(ACME) == ["b"]


def shown(tenant: str, key: str) -> Any:
    _, text = keys.issue(tenant, name="reader", scopes=["leads:read"])
    return Client(headers={"authorization": f"Bearer {text}"}).get(f"/api/v1/leads/{key}").json()["partition"]


def test_the_api_and_the_admin_show_where_a_lead_is(worker: psycopg.Connection) -> None:
    people(ACME, None, "a", "b")
    execute(worker, purchase(ACME, "a", "1"))
    with tenant_context(ACME):
        lead = Lead.objects.get(key="a")

    page = logged_in(MARKETERS[ACME]).get(f"/admin/campaigns/lead/{lead.pk}/change/").content.decode()

    assert (shown(ACME, "a"), shown(ACME, "b"), shown(ZETA, "1")) == ("europe", None, None)
    assert re.search(r'class="readonly[^>]*>europe<', page)


def test_an_address_is_looked_up_by_an_index(worker: psycopg.Connection) -> None:
    worker.execute("SET enable_seqscan = off")
    plan = worker.execute("EXPLAIN " + shared.QUERIES["select_seated"], [["a"], ["b:c"], ["b"], ["c"]]).fetchall()
    assert "campaigns_lead_by_email" in str(plan)
