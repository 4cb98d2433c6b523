"""What campaigns do to other leads reaches them in their own lanes, once, and in their own tenant."""

from __future__ import annotations

import psycopg
import pytest

from campaigns import operations
from campaigns.models import Campaign
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.carrying import (
    Crash,
    carry_on,
    crash,
    execute,
    history,
    lead_row,
    publish,
    purchase,
    step,
    sweep,
    waiting,
)
from tests.integration.campaigns.world import ACME, ZETA, make_tenant

CREATE = step("create_related_lead", key="bob", fields={"orders": 7}, relation="partner")
CREDIT = step("give_referral_credit", programme="friends", referrer="bob", amount="{{ event.amount }}", once=False)


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
    waiting(ACME, ZETA)  # of their making


def records(worker: psycopg.Connection, tenant: str, key: str, kind: str) -> dict[str, object]:
    query = (
        "SELECT r.key, r.data FROM campaigns_record AS r JOIN campaigns_lead AS l ON l.id = r.lead_id"
        " AND l.tenant_id = r.tenant_id WHERE l.tenant_id = %s AND l.key = %s AND r.kind = %s"
    )
    return dict(worker.execute(query, [tenant, key, kind]).fetchall())


def test_a_related_lead_comes_to_be_in_its_own_tenant(worker: psycopg.Connection) -> None:
    publish(ACME, "make", CREATE)

    execute(worker, purchase(ACME), purchase(ZETA))
    assert lead_row(worker, ACME, "bob") is None
    assert carry_on(worker, ACME, ZETA) == 1

    row = lead_row(worker, ACME, "bob")
    assert row is not None and row["fields"] == {"orders": 7}
    assert history(worker, ACME, "bob") == [
        ("lead.created", None, None), ("lead.upsert_requested", None, None), ("change_data_value", "one", "done"),
    ]  # fmt: skip
    assert records(worker, ACME, "1", "related") == {"partner:bob": {"relation": "partner", "lead": "bob"}}
    assert records(worker, ACME, "bob", "related") == {"partner-of:1": {"relation": "partner-of", "lead": "1"}}
    assert lead_row(worker, ZETA, "bob") is None


def test_a_crash_between_the_commit_and_the_push_loses_nothing_and_doubles_nothing(worker: psycopg.Connection) -> None:
    publish(ACME, "credit", CREDIT)
    event = purchase(ACME, amount="5")
    with pytest.raises(Crash):
        execute(worker, event, push=crash)
    execute(worker, event)  # whoever takes the lane over
    assert carry_on(worker, ACME, ZETA) == 0

    assert sweep(worker) == 1
    assert sweep(worker) == 0
    assert carry_on(worker, ACME, ZETA) == 1

    assert records(worker, ACME, "bob", "referral_credit") == {"friends": {"total": "5", "count": 1}}


def test_what_is_pushed_twice_is_done_once(worker: psycopg.Connection) -> None:
    publish(ACME, "credit", CREDIT)
    with pytest.raises(Crash):
        execute(worker, purchase(ACME, amount="5"), push=crash)
    (row,) = worker.execute("SELECT tenant_id, events, size, transaction FROM engine_outbox").fetchall()
    assert sweep(worker) == 1
    worker.execute("INSERT INTO engine_outbox (tenant_id, events, size, transaction) VALUES (%s, %s, %s, %s)", row)
    assert sweep(worker) == 1

    assert carry_on(worker, ACME) == 2

    assert records(worker, ACME, "bob", "referral_credit") == {"friends": {"total": "5", "count": 1}}


def test_credits_add_up_though_their_campaign_runs_no_more(worker: psycopg.Connection) -> None:
    publish(ACME, "credit", CREDIT)
    execute(worker, purchase(ACME, amount="5"))
    carry_on(worker, ACME)
    execute(worker, purchase(ACME, id="e2", amount="0.5"))
    with tenant_context(ACME):
        operations.pause(Campaign.objects.get(key="credit"))

    carry_on(worker, ACME)

    assert records(worker, ACME, "bob", "referral_credit") == {"friends": {"total": "5.5", "count": 2}}


def test_events_of_one_lead_reach_another_in_their_order(worker: psycopg.Connection) -> None:
    publish(ACME, "make", step("create_related_lead", key="bob", fields={"first_name": "{{ event.amount }}"}))

    for number in range(5):
        execute(worker, purchase(ACME, id=f"e{number}", amount=str(number)))
    carry_on(worker, ACME)

    changes = worker.execute(
        "SELECT a.data->>'new' FROM campaigns_activity AS a JOIN campaigns_lead AS l ON l.id = a.lead_id"
        " WHERE l.tenant_id = %s AND l.key = 'bob' AND a.kind = 'change_data_value' ORDER BY a.id",
        [ACME],
    ).fetchall()
    assert [new for (new,) in changes] == ["0", "1", "2", "3", "4"]


def test_a_loop_between_two_leads_ends_across_their_lanes(worker: psycopg.Connection) -> None:
    publish(ACME, "begin", step("increment_number", field="orders", by=1))
    publish(
        ACME,
        "loop",
        step("create_related_lead", key="{{ lead.last_name }}", fields={"orders": "{{ lead.score }}"}),
        step("change_score", "two", op="add", amount=1),
        triggers=[{"type": "field_changed", "field": "orders"}],
    )
    for key, other in (("1", "bob"), ("bob", "1")):
        worker.execute(
            "INSERT INTO campaigns_lead (tenant_id, key, last_name, score) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (tenant_id, key) DO UPDATE SET last_name = excluded.last_name",
            [ACME, key, other, 100 if key == "bob" else 0],
        )

    execute(worker, purchase(ACME))
    assert 3 <= carry_on(worker, ACME) <= 20

    query = "SELECT DISTINCT tenant_id FROM campaigns_activity WHERE kind = 'loop_stopped'"
    assert worker.execute(query).fetchall() == [(ACME,)]
