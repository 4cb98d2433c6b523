"""Leads are erased when it is due: in every table, of one lead of one tenant, once, whatever crashes or comes late."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from campaigns import erasure, handler
from campaigns.tenancy import tenant_context
from engine import outbox
from engine.types import encode
from tests.integration.campaigns.carrying import carry_on, execute, history, lead_row, publish, purchase, step
from tests.integration.campaigns.erasing import KEY, TENANTS, ask, connect, make_due, publish_request, tenants, worker
from tests.integration.campaigns.world import ACME, ZETA, canary
from tests.integration.engine.bundles import executor, lane

__all__ = ["connect", "tenants", "worker"]  # fixtures

FRIEND, WORD = "friend-18", "zebra"

#: Every column of every table that may hold a text, bytes as text too.
COLUMNS = """
SELECT c.oid::regclass::text, a.attname FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""


def erase(worker: psycopg.Connection, tenant: str = ACME, lead: str = KEY, mode: str = "erase") -> None:
    ask(worker, tenant, lead, mode)
    make_due(worker, tenant)
    assert erasure.tend(worker) == 1


def found(owner: psycopg.Connection, word: str = WORD) -> set[str]:
    """The tables and columns of the database in which a word is, whoever's rows they are."""
    places = set()
    with owner.transaction(force_rollback=True):
        rows = owner.execute(COLUMNS).fetchall()
        for table in {table for table, _ in rows}:
            owner.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(sql.SQL(table)))
        for table, column in rows:
            name, place = sql.Identifier(column), sql.SQL(table)
            is_bytes = sql.SQL("SELECT pg_typeof({})::text FROM {} LIMIT 1").format(name, place)
            kind = owner.execute(is_bytes).fetchone()
            text = sql.SQL("encode({}, 'escape')" if kind == ("bytea",) else "{}::text").format(name)
            query = sql.SQL("SELECT count(*) FROM {} WHERE position(%s IN {}) > 0").format(place, text)
            if owner.execute(query, [word]).fetchone() != (0,):
                places.add(f"{table}.{column}")
    return places


def rows_of(owner: psycopg.Connection, tenant: str, *, but: str = "") -> dict[str, list[str]]:
    """All rows of a tenant's tables, without those of one lead."""
    tables = (
        "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid"
        " AND a.attname = 'tenant_id' WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
        " AND NOT c.relispartition AND c.relname NOT IN ('engine_ledger', 'campaigns_erasure')"
    )
    seen = {}
    with owner.transaction():
        owner.execute("SELECT set_config('fairlane.tenant', %s, true)", [tenant])
        own = owner.execute("SELECT id FROM campaigns_lead WHERE key = %s", [but]).fetchone()
        for (table,) in owner.execute(tables).fetchall():
            query = sql.SQL("SELECT to_jsonb(t) FROM {} AS t WHERE tenant_id = %s").format(sql.SQL(table))
            rows = [
                row for (row,) in owner.execute(query, [tenant]) if row.get("lead_id", row.get("id")) != (own or [0])[0]
            ]
            seen[table] = sorted(str(row) for row in rows)
    return seen


def plant(worker: psycopg.Connection, owner: psycopg.Connection, tenant: str) -> None:
    """The word is in everything that is known of the lead, and of its friend who knows it."""
    worker.execute("UPDATE campaigns_eventtype SET attributes = attributes || %s::jsonb WHERE tenant_id = %s", [
        '[{"name": "who", "type": "string", "required": false}]', tenant])  # fmt: skip
    publish(
        tenant, "plant",
        step("change_field", "name", field="first_name", value="{{ event.who }}"),
        step("change_field", "mail", field="email", value="{{ event.who }}@example.test"),
        step("change_tags", "tag", add=[canary(tenant)]),
        step("add_note", "note", text="{{ event.who }} was here"),
        step("create_related_lead", "friend", key=FRIEND, relation="friend"),
        step("wait_duration", "wait", wait={"amount": 9, "unit": "days"}),
        filter={"event": "amount", "operator": "is", "value": 7},
    )  # fmt: skip
    execute(worker, purchase(tenant, KEY, f"{WORD}-1", amount="7", who=WORD))
    carry_on(worker, tenant)
    (id,) = worker.execute("SELECT id FROM campaigns_lead WHERE tenant_id = %s AND key = %s", [tenant, KEY]).fetchone()
    with tenant_context(tenant):
        worker.execute(
            "INSERT INTO campaigns_record (tenant_id, lead_id, kind, key, data) VALUES (%s, %s, 'goal', %s, %s)",
            [tenant, id, WORD, f'{{"x": "{WORD}"}}'])  # fmt: skip
        worker.execute(
            "INSERT INTO campaigns_delivery (tenant_id, lead_id, key, channel, destination, definition, campaign_id,"
            " version, step, event_key, depth, body, due_at) VALUES (%s, %s, gen_random_uuid(), 'email', 'smtp', 'x',"
            " 1, 1, 's', gen_random_uuid(), 0, %s, now() + interval '1 day')",
            [tenant, id, f'{{"to": "{WORD}"}}'])  # fmt: skip
        worker.execute(
            "INSERT INTO campaigns_duetime (tenant_id, campaign_id, lead_id, trigger, occasion, version, due_at, type,"
            " data) SELECT tenant_id, min(id), %s, '0', %s, 1, now() + interval '9 days', 'x', '{}'"
            " FROM campaigns_campaign WHERE tenant_id = %s GROUP BY tenant_id", [id, WORD, tenant])  # fmt: skip
        worker.execute(
            "INSERT INTO campaigns_sharedrecord (tenant_id, kind, key, data) VALUES (%s, 'seat', %s, %s)",
            [tenant, f"eu:{WORD}@example.test", f'{{"leads": ["{KEY}"]}}'])  # fmt: skip
        worker.execute(
            "INSERT INTO engine_deadletter (tenant_id, lane, lead, event_id, event_type, payload, error, attempts,"
            " created_at) VALUES (%s, 0, %s, 'd1', 'purchase', %s, %s, 3, now())",
            [tenant, KEY, f'{{"lead":"{KEY}"}}'.encode(), WORD])  # fmt: skip
        worker.execute(
            "INSERT INTO campaigns_batchmember (tenant_id, batch_id, lead_id)"
            " SELECT tenant_id, min(id), %s FROM campaigns_batch WHERE tenant_id = %s GROUP BY tenant_id",
            [id, tenant])  # fmt: skip
    with owner.transaction():  # months ago
        owner.execute("SELECT set_config('fairlane.tenant', %s, true)", [tenant])
        owner.execute(
            "INSERT INTO campaigns_activity (tenant_id, lead_id, recorded_at, occurred_at, kind, event_key, data)"
            " VALUES (%s, %s, '2025-03-01Z', '2025-03-01Z', 'purchase', gen_random_uuid(), %s)",
            [tenant, id, f'{{"event_id": "{WORD}-0"}}'])  # fmt: skip


def test_what_is_asked_for_is_frozen_and_waits_for_its_time(worker: psycopg.Connection) -> None:
    publish(ACME, "waits", step("wait_duration", "wait", wait={"amount": 9, "unit": "days"}))
    execute(worker, purchase(ACME, KEY), purchase(ZETA, KEY))
    worker.execute("UPDATE campaigns_delivery SET state = 'waiting', ended_at = NULL WHERE lead_id IN"
                   " (SELECT id FROM campaigns_lead WHERE key = '1')")  # fmt: skip
    ask(worker, ACME)
    execute(worker, purchase(ACME, "1", "ask-1", amount="13"))

    assert erasure.tend(worker) == 0
    row = lead_row(worker, ACME, KEY) or {}
    assert row["frozen_until"].startswith("9999-12-31")
    assert history(worker, ACME, KEY)[-2:] == [("run_ended", "wait", "done"), ("erasure_requested", "ask", "done")]
    assert worker.execute("SELECT count(*) FROM campaigns_parkedrun WHERE tenant_id = %s AND lead_id = %s",
                          [ACME, row["id"]]).fetchone() == (0,)  # fmt: skip
    due = "SELECT mode, due_at - requested_at, lead_id FROM campaigns_erasure WHERE turn_at IS NOT NULL ORDER BY id"
    assert worker.execute(due).fetchall()[0] == ("erase", timedelta(days=30), row["id"])
    states = dict(worker.execute("SELECT tenant_id, state FROM campaigns_delivery").fetchall())
    assert states == {ACME: "cancelled", ZETA: "waiting"}
    execute(worker, purchase(ACME, KEY, "later"))
    assert history(worker, ACME, KEY)[-1] == ("processing_frozen", None, "skipped")
    assert (lead_row(worker, ZETA, KEY) or {})["frozen_until"] is None


@pytest.mark.parametrize("mode", ["erase", "anonymise"])
def test_nothing_of_the_lead_is_in_any_table_and_everything_of_others_is(
    worker: psycopg.Connection, owner_connection: psycopg.Connection, mode: str
) -> None:
    plant(worker, owner_connection, ACME)
    planted = found(owner_connection)
    assert len(planted) > 9, planted
    ask(worker, ACME, KEY, mode)
    with tenant_context(ACME):
        before = rows_of(owner_connection, ACME, but=KEY), rows_of(owner_connection, ZETA)
    make_due(worker, ACME)

    assert erasure.tend(worker) == 1

    assert found(owner_connection) == set()
    assert rows_of(owner_connection, ZETA) == before[1]
    touched = {"campaigns_activity", "campaigns_record", "campaigns_sharedrecord", "engine_deadletter"}
    after = rows_of(owner_connection, ACME)
    same = {"campaigns_delivery", "campaigns_listmember", "campaigns_parkedrun", "campaigns_batchmember"}
    assert all(set(before[0][table]) <= set(after[table]) for table in before[0].keys() - touched)
    assert mode == "anonymise" or all(before[0][table] == after[table] for table in same)
    assert history(worker, ACME, FRIEND)[0] == ("lead.created", None, None)
    assert erasure.tend(worker) == 0


def test_what_is_anonymised_still_says_that_something_happened(worker: psycopg.Connection) -> None:
    execute(worker, purchase(ACME, KEY))
    before = [kind for kind, *_ in history(worker, ACME, KEY)]
    id = (lead_row(worker, ACME, KEY) or {})["id"]
    erase(worker, mode="anonymise")

    (row,) = worker.execute("SELECT to_jsonb(l) FROM campaigns_lead AS l WHERE tenant_id = %s AND id = %s",
                            [ACME, id]).fetchone()  # fmt: skip
    assert row["key"].startswith("erased-") and (row["email"], row["fields"], row["tags"]) == (None, {}, [])
    kinds = [kind for kind, *_ in history(worker, ACME, row["key"])]
    assert kinds == [*before, "purchase", "change_data_value", "erasure_requested"]


def test_an_old_event_makes_no_lead_and_a_new_one_does(worker: psycopg.Connection) -> None:
    old = purchase(ACME, KEY, "late"), purchase(ZETA, KEY, "late")
    execute(worker, purchase(ACME, KEY))
    erase(worker)

    execute(worker, *old)

    assert lead_row(worker, ACME, KEY) is None
    assert [kind for kind, *_ in history(worker, ZETA, KEY)] == ["lead.created", "purchase", "change_data_value"]
    execute(worker, purchase(ACME, KEY, "new"))
    assert [kind for kind, *_ in history(worker, ACME, KEY)] == ["lead.created", "purchase", "change_data_value"]


def test_a_bundle_that_waited_for_the_lead_while_it_was_erased_makes_it_not_anew(
    worker: psycopg.Connection, connect: Callable[[], psycopg.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(worker, purchase(ACME, KEY))
    ask(worker, ACME)
    make_due(worker, ACME)
    old, reports, looked = purchase(ACME, KEY, "late"), [], threading.Event()
    other, go_on = connect(), threading.Event()
    check = handler.without_erased

    def slowly(*arguments: Any) -> Any:
        events = check(*arguments)
        looked.set()
        assert go_on.wait(30)
        return events

    monkeypatch.setattr(handler, "without_erased", slowly)
    late = threading.Thread(target=lambda: reports.append(executor(other, handler.handle).execute([lane([old])])))
    late.start()
    assert looked.wait(30)
    assert erasure.tend(worker) == 1
    go_on.set()
    late.join(60)
    monkeypatch.undo()

    assert lead_row(worker, ACME, KEY) is None
    assert (reports[0].dead, sum(one.done for one in reports[0].outcomes.values())) == (0, 0), "it is tried again"
    execute(worker, old)
    assert lead_row(worker, ACME, KEY) is None


def test_keys_of_those_merged_into_the_lead_are_erased_with_it(
    worker: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    execute(worker, purchase(ACME, KEY), purchase(ACME, "zebra-loser", "l1"))
    publish(ACME, "merge", step("merge_leads", others=["zebra-loser"]),
            filter={"event": "amount", "operator": "is", "value": 5})  # fmt: skip
    execute(worker, purchase(ACME, KEY, "m", amount="5"))
    carry_on(worker, ACME)
    late = purchase(ACME, "zebra-loser", "late")
    erase(worker)

    execute(worker, late)

    assert found(owner_connection) <= {"campaigns_campaignversion.document", "campaigns_campaign.draft"}
    done = "SELECT count(*) FROM campaigns_erasure WHERE tenant_id = %s AND done_at IS NOT NULL"
    assert worker.execute(done, [ACME]).fetchone() == (2,)


def test_a_crash_before_the_commit_leaves_everything_and_the_next_turn_does_it(
    worker: psycopg.Connection, connect: Callable[[], psycopg.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(worker, purchase(ACME, KEY))
    ask(worker, ACME)
    make_due(worker, ACME)
    before = history(worker, ACME, KEY)
    dying = connect()
    dying.execute("BEGIN")
    dying.execute("SELECT set_config('fairlane.tenant', %s, true)", [ACME])
    (id,) = dying.execute("SELECT id FROM campaigns_erasure WHERE turn_at IS NOT NULL").fetchone()
    assert dying.execute("SELECT campaigns_erase_lead(%s)", [id]).fetchone() == ("done",)
    worker.execute("SELECT pg_terminate_backend(%s)", [dying.info.backend_pid])

    assert history(worker, ACME, KEY) == before
    deadline = datetime.now(UTC) + timedelta(seconds=30)
    while erasure.tend(worker) == 0:
        assert datetime.now(UTC) < deadline
    assert lead_row(worker, ACME, KEY) is None


def test_a_lead_that_somebody_works_on_is_erased_afterwards(
    worker: psycopg.Connection, connect: Callable[[], psycopg.Connection]
) -> None:
    execute(worker, purchase(ACME, KEY))
    ask(worker, ACME)
    make_due(worker, ACME)
    holder = connect()
    with holder.transaction():
        holder.execute("SELECT FROM campaigns_lead WHERE key = %s FOR NO KEY UPDATE", [KEY])
        assert erasure.tend(worker) == 0
    assert worker.execute("SELECT waits_for FROM campaigns_erasure WHERE turn_at IS NOT NULL").fetchone() == ("busy",)
    make_due(worker, ACME)
    assert erasure.tend(worker) == 1


def test_events_that_wait_in_the_database_are_executed_first(worker: psycopg.Connection) -> None:
    execute(worker, purchase(ACME, KEY))
    ask(worker, ACME)
    make_due(worker, ACME)
    with worker.transaction():
        outbox.write(worker, [purchase(ACME, KEY, "waits")])
    assert erasure.tend(worker) == 0
    worker.execute("DELETE FROM engine_outbox")
    spilled = purchase(ACME, KEY, "spilled")
    worker.execute(
        "INSERT INTO engine_spill (tenant_id, lane, number, accepted_at, event) VALUES (%s, 0, 1, now(), %s)",
        [ACME, encode(spilled)],
    )
    make_due(worker, ACME)
    assert erasure.tend(worker) == 0
    worker.execute("DELETE FROM engine_spill")
    make_due(worker, ACME)
    assert erasure.tend(worker) == 1


def test_one_that_fails_is_tried_again_and_holds_up_nobody(
    worker: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    refuse = (
        "CREATE FUNCTION refuse_it() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF OLD.tenant_id = 'acme' THEN RAISE EXCEPTION 'no'; END IF; RETURN OLD; END $$;"
        "CREATE TRIGGER refuse_it BEFORE DELETE ON campaigns_record FOR EACH ROW EXECUTE FUNCTION refuse_it()"
    )
    for tenant in TENANTS:
        publish_request(tenant)
        execute(worker, purchase(tenant, "1", "ask", amount="13"))
        make_due(worker, tenant)
    owner_connection.execute(refuse)
    try:
        assert erasure.tend(worker) == 1
    finally:
        owner_connection.execute("DROP FUNCTION refuse_it() CASCADE")
    assert lead_row(worker, ZETA, "1") is None and lead_row(worker, ACME, "1") is not None
    waits = "SELECT tenant_id, waits_for FROM campaigns_erasure WHERE turn_at IS NOT NULL"
    assert worker.execute(waits).fetchall() == [(ACME, "failed")]
    make_due(worker, ACME)
    assert erasure.tend(worker) == 1
