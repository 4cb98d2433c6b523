"""A bundle looks its rows up, also when its plans were made while the tables were empty."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import psycopg
import pytest

from campaigns import leads, records, shared
from engine import ledger, spill, tasks

TABLES = (
    "engine_ledger", "engine_lanemode", "engine_spill", "campaigns_lead", "campaigns_company", "campaigns_listmember",
    "campaigns_record", "campaigns_tenant", "campaigns_sharedrecord", "campaigns_definition", "campaigns_owner",
)  # fmt: skip

STATEMENTS = {
    "claim": ledger.QUERIES["claim_events_not_done"],
    "lanes that were spilled to blindly": spill.QUERIES["select_lanes_blind"],
    "events in the buffer": spill.QUERIES["select_events_next"],
    "events taken out of the buffer": spill.QUERIES["delete_events_done"],
    "leads": leads.QUERIES["lock_leads_by_key"],
    "memberships": leads.QUERIES["select_memberships"],
    "leads that changed": leads.QUERIES["update_leads_changed"],
    "records": records.QUERIES["select_records"],
    "tests with a winner": shared.QUERIES["select_decided"],
    "leads of owners": shared.QUERIES["count_loads"],
}

READS_ALL = re.compile(r"(Seq Scan on (?!pg_)|Hash \w*\s*Join|Merge \w*\s*Join).*")


@pytest.fixture
def executors(owner_connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """An executor's connection to empty tables whose statistics say so."""
    owner_connection.autocommit = True
    owner_connection.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")
    with tasks._connect(os.environ["WORKER_DATABASE_URL"]) as connection:
        yield connection


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_plan_that_is_kept_reads_no_whole_table(executors: psycopg.Connection, name: str) -> None:
    numbers = iter(range(1, 20))
    statement = re.sub("%s", lambda _: f"${next(numbers)}", STATEMENTS[name]).rstrip().rstrip(";")

    plan = executors.execute(f"EXPLAIN (GENERIC_PLAN) {statement}").fetchall()

    assert [line for (line,) in plan if READS_ALL.search(line)] == []


def test_leads_are_counted_by_the_index_on_their_owners(executors: psycopg.Connection) -> None:
    numbers = iter(range(1, 5))
    statement = re.sub("%s", lambda _: f"${next(numbers)}", STATEMENTS["leads of owners"]).rstrip().rstrip(";")
    plan = "\n".join(line for (line,) in executors.execute(f"EXPLAIN (GENERIC_PLAN) {statement}").fetchall())
    assert "campaigns_lead_by_owner" in plan
