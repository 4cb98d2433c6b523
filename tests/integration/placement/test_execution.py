"""Bundles of tenants on two databases: each is executed where its tenant lives, and only those of a dead one wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections
from django.test.utils import CaptureQueriesContext

from campaigns import handler, rulebooks
from campaigns.ingest import Accepted, accept
from campaigns.models import Lead
from campaigns.tenancy import tenant_context
from engine import placement, tasks
from engine.embedded import Servers
from engine.lanes import lanes
from engine.roles import Urls
from tests.acceptance.harness import wait_until
from tests.integration.campaigns.shops import Shop, broker_down, open_shop
from tests.integration.campaigns.world import make_campaign
from tests.integration.placement.bundles import closed, let_wait_end, run_bundles

Shops = dict[str, Shop]


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is remembered of another test; its connections end."""
    monkeypatch.setattr(handler, "_cache", rulebooks.RulebookCache(size=10))
    tasks._executors.clear()
    yield
    for executor in tasks._executors.values():
        executor.connection.close()
    tasks._executors.clear()


@pytest.fixture
def shops(blue: Urls) -> Shops:
    """The whale in the directory, the minnow on a database of its own; both count purchases."""
    made = {"whale": open_shop("whale"), "minnow": open_shop("minnow", database="blue")}
    for tenant in made:
        with tenant_context(tenant):
            make_campaign(tenant)
    return made


def send(shops: Shops, first: int = 0, count: int = 3) -> None:
    """Purchases of one lead of each tenant, under the same ids."""
    for tenant in shops:
        raw = [
            {"id": f"o-{n}", "lead": "ann", "type": "purchase", "data": {"amount": "9.90"}}
            for n in range(first, first + count)
        ]
        assert all(isinstance(one, Accepted) for one in accept(tenant, raw, "api", datetime.now(UTC)))


def orders(worker: psycopg.Connection) -> list[tuple[str, int]]:
    return worker.execute("SELECT tenant_id, (fields ->> 'orders')::int FROM campaigns_lead ORDER BY 1").fetchall()


def test_a_bundle_is_executed_where_its_tenants_live(
    shops: Shops, directory_worker: psycopg.Connection, blue_worker: psycopg.Connection
) -> None:
    send(shops)

    run_bundles("blue", "default")

    assert orders(directory_worker) == [("whale", 3)]
    assert orders(blue_worker) == [("minnow", 3)]
    for worker, tenant in ((directory_worker, "whale"), (blue_worker, "minnow")):
        assert worker.execute("SELECT DISTINCT tenant_id FROM engine_ledger").fetchall() == [(tenant,)]


def test_what_redis_forgot_is_sent_home_before_it_is_executed(
    shops: Shops, directory_worker: psycopg.Connection, blue_worker: psycopg.Connection
) -> None:
    lanes().client.flushdb()
    send(shops)

    outcomes = run_bundles("default")
    assert "given back, minnow live on another database" in outcomes
    let_wait_end()
    run_bundles("default", "blue")

    assert orders(directory_worker) == [("whale", 3)]
    assert orders(blue_worker) == [("minnow", 3)]
    assert directory_worker.execute("SELECT count(*) FROM engine_deadletter").fetchone() == (0,)


def test_where_tenants_live_is_asked_once(shops: Shops, directory_worker: psycopg.Connection) -> None:
    assert placement.live_elsewhere(directory_worker, "default", ["whale", "minnow"]) == {"minnow"}
    with directory_worker.cursor() as cursor:
        cursor.execute("UPDATE engine_tenantcontrol SET database = 'blue' WHERE tenant_id = 'whale'")

    assert placement.live_elsewhere(directory_worker, "default", ["whale"]) == set()


def test_only_the_tenants_of_a_dead_database_wait(
    shops: Shops,
    blue: Urls,
    servers: Servers,
    directory_worker: psycopg.Connection,
) -> None:
    send(shops)
    run_bundles("default", "blue")
    connections["blue"].close()
    with closed(blue.worker):
        send(shops, first=3)
        for _ in range(4):
            let_wait_end()
            assert all(outcome.startswith("given back, ") for outcome in run_bundles("blue"))
        run_bundles("default")
        assert orders(directory_worker) == [("whale", 6)]

    let_wait_end()
    wait_until(lambda: bool(run_bundles("blue")), "the node does not come back to it")

    with psycopg.connect(blue.worker) as worker:
        assert orders(worker) == [("minnow", 6)]
        assert worker.execute("SELECT count(*) FROM engine_deadletter").fetchone() == (0,)
        rows = worker.execute(
            "SELECT data ->> 'event_id' FROM campaigns_activity WHERE campaign_id IS NULL AND data ? 'event_id'"
            " ORDER BY id"
        )
        assert [id for (id,) in rows] == [f"o-{n}" for n in range(6)]


def test_a_database_that_is_not_named_here_gives_back(shops: Shops) -> None:
    send(shops)
    lanes().lease("b1", "test", "blue")

    assert "does not name 'red'" in tasks.run_bundle(bundle="b1", database="red")


def test_events_are_spilled_on_the_tenants_database(
    shops: Shops,
    monkeypatch: pytest.MonkeyPatch,
    directory_worker: psycopg.Connection,
    blue_worker: psycopg.Connection,
) -> None:
    with broker_down(monkeypatch):
        send(shops)
    query = "SELECT DISTINCT tenant_id FROM engine_spill"
    assert directory_worker.execute(query).fetchall() == [("whale",)]
    assert blue_worker.execute(query).fetchall() == [("minnow",)]

    call_command("maintain", "--once", verbosity=0)
    run_bundles("default", "blue")

    assert (orders(directory_worker), orders(blue_worker)) == ([("whale", 3)], [("minnow", 3)])


def test_changes_by_people_reach_the_lanes(shops: Shops, blue_worker: psycopg.Connection) -> None:
    with tenant_context("minnow"):
        Lead.objects.create(tenant_id="minnow", key="new")

    assert [event.type for event in shops["minnow"].waiting()] == ["lead.created"]
    assert blue_worker.execute("SELECT count(*) FROM engine_outbox").fetchone() == (0,)


def test_maintenance_does_its_chores_on_every_database_though_one_is_down(
    shops: Shops,
    blue: Urls,
    servers: Servers,
    monkeypatch: pytest.MonkeyPatch,
    directory_worker: psycopg.Connection,
    blue_worker: psycopg.Connection,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("engine.outbox._push_tenant", lambda tenant: None)  # the processes die before they push
        for tenant in shops:
            with tenant_context(tenant):
                Lead.objects.create(tenant_id=tenant, key="new")
    for worker in (directory_worker, blue_worker):
        worker.execute("UPDATE engine_outbox SET created_at = now() - interval '1 minute'")
    connections["blue"].close()

    with closed(blue.worker), pytest.raises(CommandError, match="sweep_outbox of blue"):
        call_command("maintain", "--once")
    assert [len(shop.waiting()) for shop in shops.values()] == [1, 0]
    call_command("maintain", "--once")

    assert [len(shop.waiting()) for shop in shops.values()] == [1, 1]


def test_a_lead_of_a_dead_database_is_not_shown_and_the_others_are(shops: Shops, blue: Urls, servers: Servers) -> None:
    for tenant in shops:
        with tenant_context(tenant):
            Lead.objects.create(tenant_id=tenant, key="ann")
    connections["blue"].close()
    with closed(blue.worker):
        assert shops["whale"].get("leads/ann").status_code == 200
        assert shops["minnow"].get("leads/ann").status_code == 503
        with pytest.raises(OperationalError), tenant_context("minnow"):
            pass


@pytest.mark.parametrize("tenant", ["whale", "minnow"])
def test_where_a_tenant_lives_costs_a_request_nothing(shops: Shops, tenant: str) -> None:
    body = b'{"lead":"ann","type":"note"}'
    shops[tenant].post(body)

    with CaptureQueriesContext(connections["default"]) as directory, CaptureQueriesContext(connections["blue"]) as blue:
        assert shops[tenant].post(body).status_code == 202

    assert not [query for query in (*directory, *blue) if "engine_tenantcontrol" in query["sql"]]
    assert len(blue) == 0


def test_with_one_database_nobody_asks_where_a_tenant_lives(clean: None) -> None:
    whale = open_shop("whale")
    open_shop("minnow")
    placement.forget()

    with CaptureQueriesContext(connections["default"]) as asked:
        assert whale.post(b'{"lead":"ann","type":"note"}').status_code == 202

    assert not [query for query in asked if "engine_tenantcontrol" in query["sql"] and "database" in query["sql"]]
