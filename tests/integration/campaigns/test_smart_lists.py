"""Smart lists over the API and in the admin, each tenant's own."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.test import Client

from campaigns.models import Definition, Lead
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.carrying import execute, lead_row, publish, purchase, step
from tests.integration.campaigns.shops import Shop, open_shop
from tests.integration.campaigns.world import ACME, MARKETERS, ZETA, logged_in, make_tenant

BIG = {"field": "score", "operator": "at_least", "value": 5}


@pytest.fixture
def shops(clean: None) -> dict[str, Shop]:
    return {name: open_shop(name, ("leads:read",)) for name in ("whale", "shrimp")}


def save(tenant: str, key: str, document: Any) -> Definition:
    return Definition.objects.create(tenant_id=tenant, kind="smart_list", key=key, name=key, spec={"filter": document})


def test_a_smart_list_tells_how_many_and_who_page_by_page(shops: dict[str, Shop]) -> None:
    for tenant, leads in (("whale", 250), ("shrimp", 3)):
        with tenant_context(tenant):
            save(tenant, "big", BIG)
            Lead.objects.bulk_create(
                Lead(tenant_id=tenant, key=f"{tenant}-{place:03}", score=place % 10) for place in range(leads * 2)
            )

    first = shops["whale"].get("smart-lists/big").json()
    second = shops["whale"].get(f"smart-lists/big?after={first['after']}").json()
    third = shops["whale"].get(f"smart-lists/big?after={second['after']}").json()

    assert (first["count"], len(first["leads"]), len(second["leads"]), len(third["leads"])) == (250, 100, 100, 50)
    assert first["leads"][0] == "whale-005"
    assert third["after"] is None
    assert shops["shrimp"].get("smart-lists/big").json() == {
        "key": "big", "count": 1, "leads": ["shrimp-005"], "after": None,
    }  # fmt: skip


def test_what_is_no_smart_list_is_404_and_a_bad_place_400(shops: dict[str, Shop]) -> None:
    with tenant_context("whale"):
        save("whale", "big", BIG)

    assert shops["shrimp"].get("smart-lists/big").status_code == 404
    assert shops["whale"].get("smart-lists/big?after=x").status_code == 400


def test_a_list_that_fits_no_more_says_so(shops: dict[str, Shop]) -> None:
    with tenant_context("whale"):
        save("whale", "odd", {"field": "nobody", "operator": "is_empty"})

    answer = shops["whale"].get("smart-lists/odd")

    assert answer.status_code == 409
    assert "unknown field" in answer.content.decode()


def test_who_is_excluded_is_on_the_list_no_more_in_its_own_tenant_alone(
    shops: dict[str, Shop], worker_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker_connection.autocommit = True
    counts = {"field": "score", "operator": "at_least", "value": 0}
    for tenant in shops:
        with tenant_context(tenant):
            save(tenant, "all", counts)
        leaves = [step("exclude_from_smart_list", list="all")] if tenant == "whale" else []
        mark = step("change_score", "mark", amount=1)
        publish(tenant, "leave", *leaves, step("change_score", "count", amount=5))
        publish(tenant, "inside", mark, filter={"smart_list": "all"})

    execute(worker_connection, purchase("whale"), purchase("shrimp"))
    execute(worker_connection, purchase("whale", id="e2"), purchase("shrimp", id="e2"))

    assert [shops[name].get("smart-lists/all").json()["count"] for name in ("whale", "shrimp")] == [0, 1]
    assert (lead_row(worker_connection, "whale", "1") or {})["score"] == 10, "excluded when the second campaign began"
    assert (lead_row(worker_connection, "shrimp", "1") or {})["score"] == 12


@pytest.fixture
def ann(clean: None) -> Client:
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
    return logged_in(MARKETERS[ACME])


def test_the_admin_counts_who_is_on_it(ann: Client) -> None:
    with tenant_context(ACME):
        saved = save(ACME, "all", {"field": "score", "operator": "is_not_empty"})

    page = ann.get(f"/admin/campaigns/definition/{saved.pk}/change/").content.decode()

    assert "Leads on it now" in page


def test_the_admin_saves_no_list_that_leads_to_itself(ann: Client) -> None:
    with tenant_context(ACME):
        saved = save(ACME, "a", BIG)
        save(ACME, "b", {"smart_list": "a"})
    url = f"/admin/campaigns/definition/{saved.pk}/change/"

    page = ann.post(url, {"name": "a", "spec": '{"filter": {"smart_list": "b"}}', "_tenant": ACME}).content.decode()

    assert "the smart list contains itself" in page
    with tenant_context(ACME):
        assert Definition.objects.get(pk=saved.pk).spec == {"filter": BIG}
