"""Activities find their month, or wait in the default partition until it is made."""

from __future__ import annotations

from datetime import UTC, date, datetime

import psycopg
import pytest

from campaigns.models import Lead
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.world import ACME, add_activity

pytestmark = pytest.mark.usefixtures("two_tenants")

FAR = datetime(2199, 3, 5, tzinfo=UTC)


def partitions_of_rows(worker: psycopg.Connection) -> list[str]:
    return [
        row[0]
        for row in worker.execute(
            "SELECT tableoid::regclass::text FROM campaigns_activity WHERE recorded_at >= %s ORDER BY id", [FAR]
        )
    ]


def test_rows_of_a_month_not_made_yet_move_into_it_when_it_is(
    owner_connection: psycopg.Connection, worker_connection: psycopg.Connection
) -> None:
    with tenant_context(ACME):
        add_activity(Lead.objects.get(), recorded_at=FAR)
    assert partitions_of_rows(worker_connection) == ["campaigns_activity_default"]
    worker_connection.rollback()

    with owner_connection.transaction():
        made = owner_connection.execute("SELECT campaigns_activity_add_month(%s)", [date(2199, 3, 1)]).fetchone()

    assert made == (True,)
    assert partitions_of_rows(worker_connection) == ["campaigns_activity_2199_03"]
    worker_connection.rollback()
    with owner_connection.transaction():
        owner_connection.execute("DROP TABLE campaigns_activity_2199_03")


def test_a_new_partition_is_isolated_and_out_of_reach(owner_connection: psycopg.Connection) -> None:
    with owner_connection.transaction(force_rollback=True):
        owner_connection.execute("SELECT campaigns_activity_add_month(%s)", [date(2199, 4, 1)])
        row = owner_connection.execute(
            "SELECT relforcerowsecurity, has_table_privilege('fairlane_app', oid, 'SELECT'),"
            " has_table_privilege('fairlane_worker', oid, 'DELETE'),"
            " (SELECT count(*) FROM pg_index WHERE indrelid = pg_class.oid)"
            " FROM pg_class WHERE relname = 'campaigns_activity_2199_04'"
        ).fetchone()

        assert row == (True, False, False, 1)


def test_workers_may_make_the_partitions_and_doing_so_again_makes_none(
    worker_connection: psycopg.Connection,
) -> None:
    worker_connection.execute("SELECT campaigns_activity_ensure_partitions()")

    again = worker_connection.execute("SELECT campaigns_activity_ensure_partitions()").fetchone()

    assert again == (0,)


def test_a_lead_s_history_is_read_by_the_one_index(worker_connection: psycopg.Connection) -> None:
    worker_connection.execute("SET LOCAL enable_seqscan = off")
    plan = "\n".join(
        row[0]
        for row in worker_connection.execute(
            "EXPLAIN SELECT * FROM campaigns_activity WHERE tenant_id = 'acme' AND lead_id = 1"
            " ORDER BY id DESC LIMIT 100"
        )
    )

    assert "Index Scan" in plan
    assert "Sort" not in plan.replace("Sort Key", "")
