"""Leads that are deleted, restored, purged and merged, in the database and in their own tenant."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.test import Client

from campaigns import handler, keys, lives
from campaigns.housekeeping import keep_house
from campaigns.runs import wake_due
from engine import tasks
from tests.integration.campaigns.carrying import (
    carry_on,
    execute,
    history,
    lead_row,
    publish,
    purchase,
    step,
    waiting,
)
from tests.integration.campaigns.world import ACME, MARKETERS, ZETA, logged_in, make_tenant
from tests.integration.engine.bundles import executor, lane

DELETE = {"steps": [step("delete_lead")], "filter": {"event": "amount", "operator": "is", "value": 13}}
MERGE = {
    "steps": [step("merge_leads", others=["{{ event.other }}"])],
    "filter": {"event": "other", "operator": "is_not_empty"},
}


@pytest.fixture(autouse=True)
def tenants(clean: None, owner_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
    waiting(ACME, ZETA)  # of their making


@pytest.fixture
def connect() -> Iterator[Callable[[], psycopg.Connection]]:
    """Connections as a worker process makes them."""
    opened: list[psycopg.Connection] = []

    def open_one() -> psycopg.Connection:
        opened.append(tasks._connect(tasks.conf().database_url))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def worker(connect: Callable[[], psycopg.Connection]) -> psycopg.Connection:
    return connect()


def open_events(worker: psycopg.Connection) -> None:
    """Purchases may say who else is meant."""
    worker.execute("UPDATE campaigns_eventtype SET attributes = attributes || %s::jsonb", [
        '[{"name": "other", "type": "string", "required": false}]'])  # fmt: skip


def delete_of(tenant: str, lead: str = "1", id: str = "bye") -> Any:
    return purchase(tenant, lead, id, amount="13")


def publish_merge(worker: psycopg.Connection, tenant: str = ACME, **params: Any) -> None:
    open_events(worker)
    publish(tenant, "merge", step("merge_leads", others=["{{ event.other }}"], **params), filter=MERGE["filter"])


def merge(worker: psycopg.Connection, lead: str, other: str, tenant: str = ACME) -> None:
    """By an event of the lead, and all that follows."""
    execute(worker, purchase(tenant, lead, f"merge-{lead}-{other}", other=other))
    carry_on(worker, tenant)


def reader(tenant: str) -> Client:
    _, text = keys.issue(tenant, name="reader", scopes=["leads:read"])
    return Client(headers={"authorization": f"Bearer {text}"})


def test_a_deleted_lead_stays_deleted_whatever_is_sent_for_it(worker: psycopg.Connection) -> None:
    publish(ACME, "delete", *DELETE["steps"], filter=DELETE["filter"])
    execute(worker, delete_of(ACME), delete_of(ZETA))

    execute(worker, purchase(ACME), purchase(ZETA))

    assert (lead_row(worker, ACME, "1") or {})["deleted_at"] is not None
    assert history(worker, ACME, "1")[-2:] == [("purchase", None, None), ("event_skipped", None, "skipped")]
    assert (lead_row(worker, ZETA, "1") or {})["deleted_at"] is None
    assert (lead_row(worker, ZETA, "1") or {})["fields"] == {"orders": 3}


def test_a_campaign_restores_a_lead_and_goes_on(worker: psycopg.Connection) -> None:
    publish(ACME, "delete", *DELETE["steps"], filter=DELETE["filter"])
    back = {"event": "amount", "operator": "is", "value": 7}
    publish(ACME, "back", step("restore_lead"), step("change_score", "two", amount=5), filter=back)
    execute(worker, delete_of(ACME), purchase(ACME, id="no"))

    execute(worker, purchase(ACME, id="yes", amount="7"))

    row = lead_row(worker, ACME, "1") or {}
    assert (row["deleted_at"], row["restorable_until"], row["score"]) == (None, None, 5)
    assert row["fields"] == {"orders": 3}, "counted before it was deleted, and after it was restored"


def test_more_deletions_than_a_day_has_are_refused_though_two_bundles_delete_at_once(
    worker: psycopg.Connection, connect: Callable[[], psycopg.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lives, "DELETIONS_A_DAY", 3)
    publish(ACME, "delete", *DELETE["steps"], filter=DELETE["filter"])
    bundles = [[delete_of(ACME, f"{side}{n}", f"{side}{n}") for n in range(3)] for side in "ab"]
    reports = []

    def work(own: list[Any]) -> None:
        reports.append(executor(connect(), handler.handle).execute([lane(own)]))

    threads = [threading.Thread(target=work, args=[own]) for own in bundles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for bundle in bundles:  # what waited comes back
        execute(worker, *bundle)

    query = "SELECT count(*) FROM campaigns_lead WHERE tenant_id = %s AND deleted_at IS NOT NULL"
    assert worker.execute(query, [ACME]).fetchone() == (3,)
    assert len(reports) == 2 and sum(report.dead for report in reports) == 0
    skipped = "SELECT count(*) FROM campaigns_activity WHERE kind = 'delete_lead' AND data->>'outcome' = 'skipped'"
    assert worker.execute(skipped).fetchone() == (3,)


def test_what_cannot_be_restored_any_more_is_removed_with_its_history(worker: psycopg.Connection) -> None:
    for tenant in (ACME, ZETA):
        publish(tenant, "delete", *DELETE["steps"], filter=DELETE["filter"])
        execute(worker, purchase(tenant, "old"), delete_of(tenant, "old"), purchase(tenant, "new"),
                delete_of(tenant, "new", "bye-new"))  # fmt: skip
    past = datetime.now(UTC) - timedelta(days=31)
    worker.execute(
        "UPDATE campaigns_lead SET deleted_at = %s, restorable_until = %s WHERE tenant_id = %s AND key = 'old'",
        [past, past + timedelta(days=30), ACME],
    )
    before = len(history(worker, ACME, "new")), len(history(worker, ZETA, "old"))

    keep_house(worker)

    assert lead_row(worker, ACME, "old") is None
    assert (len(history(worker, ACME, "new")), len(history(worker, ZETA, "old"))) == before
    orphans = (
        "SELECT count(*) FROM campaigns_activity AS a WHERE NOT EXISTS"
        " (SELECT FROM campaigns_lead AS l WHERE l.tenant_id = a.tenant_id AND l.id = a.lead_id)"
    )
    assert worker.execute(orphans).fetchone() == (0,)
    execute(worker, purchase(ACME, "old", "again"))
    assert history(worker, ACME, "old")[0] == ("lead.created", None, None)


def test_history_of_leads_that_are_there_cannot_be_forgotten(worker: psycopg.Connection) -> None:
    ids = [id for (id,) in worker.execute("SELECT id FROM campaigns_lead").fetchall()]
    assert worker.execute("SELECT campaigns_forget_activities(%s, %s)", [ACME, ids]).fetchone() == (0,)


def test_a_merged_lead_is_the_winner_from_then_on(worker: psycopg.Connection) -> None:
    publish_merge(worker)
    execute(worker, purchase(ACME, "bob", "b1"), purchase(ACME, "bob", "b2"), purchase(ZETA, "bob", "z1"))
    merge(worker, "1", "bob")

    execute(worker, purchase(ACME, "bob", "b3"), purchase(ZETA, "bob", "z2"))

    winner, loser = lead_row(worker, ACME, "1") or {}, lead_row(worker, ACME, "bob") or {}
    assert loser["merged_into"] == winner["id"] and winner["merged_into"] is None
    assert winner["fields"]["orders"] == 3, "its own order, the merging purchase and bob's last"
    assert history(worker, ACME, "1")[-2:] == [("purchase", None, None), ("change_data_value", "count", "done")]
    assert (lead_row(worker, ZETA, "bob") or {})["merged_into"] is None


def test_lists_tags_and_records_are_united_though_no_campaign_speaks_of_them(worker: psycopg.Connection) -> None:
    publish_merge(worker, winner="oldest")
    execute(worker, purchase(ACME, "bob", "b1"))
    merge(worker, "bob", "1")
    (one, bob) = (lead_row(worker, ACME, key) or {} for key in ("1", "bob"))
    assert bob["merged_into"] == one["id"], "the older lead has won, though the event was bob's"

    execute(worker, purchase(ACME, "eve", "e1"))
    worker.execute("INSERT INTO campaigns_record (tenant_id, lead_id, kind, key, data) SELECT tenant_id, id,"
                   " 'goal', 'x', '{}' FROM campaigns_lead WHERE tenant_id = %s AND key = 'eve'", [ACME])  # fmt: skip
    publish(ACME, "reverse", step("merge_leads", others=["1"]),
            filter={"event": "amount", "operator": "is", "value": 99})  # fmt: skip
    execute(worker, purchase(ACME, "eve", "rev", amount="99"))
    carry_on(worker, ACME)

    eve = lead_row(worker, ACME, "eve") or {}
    kept = worker.execute("SELECT kind FROM campaigns_record WHERE tenant_id = %s AND lead_id = %s ORDER BY kind",
                          [ACME, eve["id"]]).fetchall()  # fmt: skip
    members = worker.execute("SELECT count(*) FROM campaigns_listmember WHERE tenant_id = %s AND lead_id = %s",
                             [ACME, eve["id"]]).fetchone()  # fmt: skip
    assert ([kind for (kind,) in kept], members) == (["goal", "marketing"], (1,))
    assert (eve["company_id"], eve["tags"]) == (one["company_id"], one["tags"])
    redirects = {(lead_row(worker, ACME, key) or {})["merged_into"] for key in ("1", "bob")}
    assert redirects == {eve["id"]}, "one step leads to the winner"


def give_companies(worker: psycopg.Connection, **names: str) -> None:
    """Leads of these keys, in both tenants."""
    for tenant in (ACME, ZETA):
        execute(worker, *(purchase(tenant, key, f"{key}-0") for key in names))
        for key, name in names.items():
            worker.execute(
                "WITH made AS (INSERT INTO campaigns_company (tenant_id, name) VALUES (%s, %s) RETURNING tenant_id, id)"
                " UPDATE campaigns_lead AS l SET company_id = made.id FROM made WHERE l.tenant_id = made.tenant_id"
                " AND l.key = %s", [tenant, name, key])  # fmt: skip


def company_of(worker: psycopg.Connection, tenant: str, key: str) -> str | None:
    query = (
        "SELECT c.name FROM campaigns_lead AS l LEFT JOIN campaigns_company AS c"
        " ON c.tenant_id = l.tenant_id AND c.id = l.company_id WHERE l.tenant_id = %s AND l.key = %s"
    )
    row: tuple[str | None] | None = worker.execute(query, [tenant, key]).fetchone()
    return row[0] if row else None


def test_a_lead_without_a_company_takes_the_first_others_and_its_history_says_so(worker: psycopg.Connection) -> None:
    open_events(worker)
    for tenant in (ACME, ZETA):
        publish(tenant, "merge", step("merge_leads", others=["eve", "bob"]), filter=MERGE["filter"])
    give_companies(worker, bob="Bobs", eve="Eves")

    execute(worker, purchase(ACME, "ann", "m", other="both"), purchase(ZETA, "ann", "z"))
    carry_on(worker, ACME)

    assert (company_of(worker, ACME, "ann"), company_of(worker, ZETA, "ann")) == ("Eves", None)
    query = "SELECT tenant_id, data->>'old', data->>'new' FROM campaigns_activity WHERE data->>'field' = 'company'"
    assert worker.execute(query).fetchall() == [(ACME, None, "Eves")]


def test_a_company_that_came_by_a_merge_can_be_left_in_the_same_bundle(worker: psycopg.Connection) -> None:
    publish_merge(worker)
    leave = {"event": "amount", "operator": "is", "value": 99}
    publish(ACME, "leave", step("remove_from_company", company="Eves"), filter=leave)
    give_companies(worker, eve="Eves")
    execute(worker, purchase(ACME, "ann", "m", other="eve"))
    (asked,) = waiting(ACME)
    after = lane([purchase(ACME, "eve", "leave", amount="99")], number=15 if asked.lane != 15 else 14)

    assert executor(worker, handler.handle).execute([asked, after]).dead == 0

    assert (company_of(worker, ACME, "ann"), company_of(worker, ZETA, "eve")) == (None, "Eves")


def test_events_of_the_loser_run_on_the_winner_in_one_bundle_and_in_their_order(worker: psycopg.Connection) -> None:
    publish_merge(worker)
    publish(ACME, "name", step("change_field", field="first_name", value="{{ event.amount }}"))
    execute(worker, purchase(ACME, "bob", "b0"), purchase(ACME, "1", "m", other="bob"))
    (asked,) = waiting(ACME)
    events = [purchase(ACME, "bob", f"b{n}", amount=str(n)) for n in range(11, 15)]

    report = executor(worker, handler.handle).execute([asked, lane(events, number=15 if asked.lane != 15 else 14)])

    assert report.dead == 0
    changes = worker.execute(
        "SELECT a.data->>'new' FROM campaigns_activity AS a JOIN campaigns_lead AS l ON l.id = a.lead_id"
        " WHERE l.tenant_id = %s AND l.key = '1' AND a.step = 'one' AND a.data->>'field' = 'first_name'"
        " ORDER BY a.id", [ACME]).fetchall()  # fmt: skip
    assert [new for (new,) in changes][-4:] == ["11", "12", "13", "14"]


def test_a_merge_waits_for_who_works_on_the_other_lead_and_is_then_done(
    worker: psycopg.Connection, connect: Callable[[], psycopg.Connection]
) -> None:
    publish_merge(worker)
    execute(worker, purchase(ACME, "bob", "b0"), purchase(ACME, "1", "m", other="bob"))
    (asked,) = waiting(ACME)
    holder = connect()
    with holder.transaction():
        holder.execute("SELECT FROM campaigns_lead WHERE tenant_id = %s AND key = 'bob' FOR NO KEY UPDATE", [ACME])
        report = executor(worker, handler.handle).execute([asked])
        assert (report.dead, report.outcomes[ACME, asked.lane].done) == (0, 0)

    report = executor(worker, handler.handle).execute([asked])

    assert report.outcomes[ACME, asked.lane].done == 1
    assert (lead_row(worker, ACME, "bob") or {})["merged_into"] is not None


def test_a_lead_merged_while_its_event_waits_for_it_is_followed(
    worker: psycopg.Connection, connect: Callable[[], psycopg.Connection]
) -> None:
    publish_merge(worker)
    execute(worker, purchase(ACME, "bob", "b0"))
    other, reports = connect(), []
    other.execute("SET lock_timeout = '20s'")
    late = threading.Thread(
        target=lambda: reports.append(executor(other, handler.handle).execute([lane([purchase(ACME, "bob", "late")])]))
    )
    with worker.transaction():
        worker.execute("SELECT FROM campaigns_lead WHERE tenant_id = %s AND key = 'bob' FOR NO KEY UPDATE", [ACME])
        late.start()
        worker.execute(
            "UPDATE campaigns_lead SET merged_into = (SELECT id FROM campaigns_lead WHERE tenant_id = %s AND key = '1')"
            " WHERE tenant_id = %s AND key = 'bob'", [ACME, ACME])  # fmt: skip
    late.join(60)

    assert [report.dead for report in reports] == [0]
    assert history(worker, ACME, "1")[-2][0] == "purchase"


def test_the_api_shows_where_a_merged_lead_went_and_the_winners_whole_history(worker: psycopg.Connection) -> None:
    publish_merge(worker)
    execute(worker, purchase(ACME, "bob", "b1"))
    merge(worker, "1", "bob")
    client = reader(ACME)

    assert client.get("/api/v1/leads/bob").json() == {"key": "bob", "merged_into": "1"}
    assert client.get("/api/v1/leads/1").json()["deleted_at"] is None
    seen = client.get("/api/v1/leads/1/activities").json()["activities"]
    assert {"b1", "merge-1-bob"} <= {row["data"].get("event_id") for row in seen}
    assert reader(ZETA).get("/api/v1/leads/bob").status_code == 404


def test_the_admin_says_plainly_who_is_deleted_or_merged_and_lets_nobody_change_them(
    worker: psycopg.Connection,
) -> None:
    publish_merge(worker)
    publish(ACME, "delete", *DELETE["steps"], filter=DELETE["filter"])
    execute(worker, purchase(ACME, "bob", "b1"), delete_of(ACME, "eve"))
    merge(worker, "1", "bob")
    browser = logged_in(MARKETERS[ACME])
    page = browser.get("/admin/campaigns/lead/").content.decode()

    assert "merged into 1" in page and "it can be restored until" in page
    for key, words in (("bob", "merged into 1"), ("eve", "deleted on")):
        row = lead_row(worker, ACME, key) or {}
        form = browser.get(f"/admin/campaigns/lead/{row['id']}/change/").content.decode()
        assert words in form and 'name="_save"' not in form


def test_the_losers_runs_go_on_as_the_winners_and_no_other_tenants_do(worker: psycopg.Connection) -> None:
    publish_merge(worker, runs="move")
    ten = {"event": "amount", "operator": "is", "value": 10}
    for tenant in (ACME, ZETA):
        publish(tenant, "waits", step("wait_duration", "wait", wait={"amount": 1, "unit": "days"}),
                step("change_score", "two", amount=5), filter=ten)  # fmt: skip
        execute(worker, purchase(tenant, "bob", "b1", amount="10"))
    before = dict(worker.execute("SELECT tenant_id, id FROM campaigns_parkedrun WHERE version = 1 AND step = 'wait'"))

    merge(worker, "1", "bob")

    one, bob = (lead_row(worker, ACME, key) or {} for key in ("1", "bob"))
    assert bob["merged_into"] == one["id"]
    of_runs = "SELECT tenant_id, id, lead_id FROM campaigns_parkedrun WHERE step = 'wait' ORDER BY tenant_id"
    zeta = (lead_row(worker, ZETA, "bob") or {})["id"]
    assert worker.execute(of_runs).fetchall() == [(ACME, before[ACME], one["id"]), (ZETA, before[ZETA], zeta)]
    worker.execute("UPDATE campaigns_parkedrun SET wake_at = now(), state = state - 'until' || jsonb_build_object("
                   "'until', now()) WHERE step = 'wait'")  # fmt: skip
    assert wake_due(worker) == 2
    carry_on(worker, ACME, ZETA)
    assert [(lead_row(worker, *who) or {})["score"] for who in ((ACME, "1"), (ACME, "bob"), (ZETA, "bob"))] == [5, 0, 5]
