"""No tenant sees or touches another's rows: asked of the database itself, as the application's role."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import errors, sql

from campaigns import keys
from tests.integration.campaigns.world import ACME, ZETA, canary

pytestmark = pytest.mark.usefixtures("two_tenants")

#: Every table with a tenant and its partitions; Membership says who may choose one and is read before.
TENANT_TABLES = """
SELECT c.oid::regclass::text, c.relrowsecurity AND c.relforcerowsecurity,
       has_table_privilege('fairlane_app', c.oid, 'SELECT,INSERT,UPDATE,DELETE'),
       (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
  AND c.relname <> 'campaigns_membership'
"""

ISOLATED = [
    "campaigns_activity",
    "campaigns_apikey",
    "campaigns_batch",
    "campaigns_batchmember",
    "campaigns_campaign",
    "campaigns_campaignversion",
    "campaigns_company",
    "campaigns_definition",
    "campaigns_delivery",
    "campaigns_dueplan",
    "campaigns_duetime",
    "campaigns_erasure",
    "campaigns_eventtype",
    "campaigns_fielddefinition",
    "campaigns_lead",
    "campaigns_legalhold",
    "campaigns_listmember",
    "campaigns_move",
    "campaigns_owner",
    "campaigns_parkedrun",
    "campaigns_record",
    "campaigns_sharedrecord",
    "campaigns_slotbucket",
    "campaigns_stage",
    "campaigns_staticlist",
    "campaigns_tag",
    "campaigns_tally",
    "engine_deadletter",
]
#: The others are append-only: their rights are tested below.
CHANGEABLE = sorted(set(ISOLATED) - {"campaigns_activity", "campaigns_campaignversion"})


@pytest.fixture
def app() -> Iterator[psycopg.Connection]:
    """As web and API connect: fairlane_app."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        yield connection
        connection.rollback()


def enter(connection: psycopg.Connection, tenant: str) -> None:
    connection.execute("SELECT set_config('fairlane.tenant', %s, true)", [tenant])


def tenants_seen(connection: psycopg.Connection, table: str) -> set[str]:
    query = sql.SQL("SELECT DISTINCT tenant_id FROM {}").format(sql.Identifier(table))
    return {row[0] for row in connection.execute(query)}


def id_of(worker: psycopg.Connection, table: str, tenant: str) -> int:
    query = sql.SQL("SELECT min(id) FROM {} WHERE tenant_id = %s").format(sql.Identifier(table))
    return worker.execute(query, [tenant]).fetchone()[0]


def current_partition() -> str:
    return f"campaigns_activity_{datetime.now(UTC):%Y_%m}"


def test_a_tenant_sees_its_own_rows_only(app: psycopg.Connection) -> None:
    enter(app, ACME)

    assert {table: tenants_seen(app, table) for table in ISOLATED} == {table: {ACME} for table in ISOLATED}


def test_without_a_tenant_no_row_is_seen(app: psycopg.Connection) -> None:
    assert {table: tenants_seen(app, table) for table in ISOLATED} == {table: set() for table in ISOLATED}


def test_the_setting_left_empty_by_an_earlier_transaction_shows_no_row(app: psycopg.Connection) -> None:
    enter(app, ACME)
    app.commit()

    assert app.execute("SELECT current_setting('fairlane.tenant', true)").fetchone() == ("",)
    assert {table: tenants_seen(app, table) for table in ISOLATED} == {table: set() for table in ISOLATED}


def test_another_tenants_rows_are_neither_changed_nor_deleted(app: psycopg.Connection) -> None:
    enter(app, ACME)
    for table in CHANGEABLE:
        name = sql.Identifier(table)
        update = sql.SQL("UPDATE {} SET tenant_id = tenant_id WHERE tenant_id = %s").format(name)
        delete = sql.SQL("DELETE FROM {} WHERE tenant_id = %s").format(name)

        assert (app.execute(update, [ZETA]).rowcount, app.execute(delete, [ZETA]).rowcount) == (0, 0), table


def test_no_row_is_moved_to_another_tenant(app: psycopg.Connection) -> None:
    for table in CHANGEABLE:
        enter(app, ACME)
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            app.execute(sql.SQL("UPDATE {} SET tenant_id = %s").format(sql.Identifier(table)), [ZETA])
        app.rollback()


def test_no_row_is_inserted_for_another_tenant(app: psycopg.Connection) -> None:
    enter(app, ACME)

    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        app.execute("INSERT INTO campaigns_tag (tenant_id, name) VALUES (%s, 'x')", [ZETA])


def test_no_activity_is_inserted_for_another_tenant(app: psycopg.Connection) -> None:
    enter(app, ACME)

    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        app.execute(
            "INSERT INTO campaigns_activity (tenant_id, lead_id, occurred_at, kind, event_key, data)"
            " VALUES (%s, 1, now(), 'x', %s, '{}')",
            [ZETA, uuid.uuid4()],
        )


def test_the_application_reaches_no_partition_directly(app: psycopg.Connection) -> None:
    enter(app, ACME)

    with pytest.raises(errors.InsufficientPrivilege, match="permission denied"):
        tenants_seen(app, current_partition())


def test_a_partition_isolates_also_whoever_may_read_it(owner_connection: psycopg.Connection) -> None:
    with owner_connection.transaction():
        enter(owner_connection, ACME)

        assert tenants_seen(owner_connection, current_partition()) == {ACME}


def test_every_table_with_a_tenant_is_isolated_or_out_of_reach(owner_connection: psycopg.Connection) -> None:
    rows = owner_connection.execute(TENANT_TABLES).fetchall()

    assert len(rows) > len(ISOLATED)
    for table, isolated, reachable, policies in rows:
        assert (isolated and policies) or not reachable, table


@pytest.mark.parametrize(
    "ablation",
    [
        "ALTER TABLE campaigns_lead DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE campaigns_lead NO FORCE ROW LEVEL SECURITY",
        "CREATE POLICY everybody ON campaigns_lead USING (true)",
    ],
)
def test_what_is_asked_here_goes_red_without_the_policy(owner_connection: psycopg.Connection, ablation: str) -> None:
    with owner_connection.transaction(force_rollback=True):
        enter(owner_connection, ACME)
        assert tenants_seen(owner_connection, "campaigns_lead") == {ACME}

        owner_connection.execute(ablation)

        assert tenants_seen(owner_connection, "campaigns_lead") == {ACME, ZETA}


def test_a_partition_leaks_without_a_policy_of_its_own(owner_connection: psycopg.Connection) -> None:
    partition = current_partition()
    with owner_connection.transaction(force_rollback=True):
        enter(owner_connection, ACME)
        owner_connection.execute(sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(sql.Identifier(partition)))

        assert tenants_seen(owner_connection, "campaigns_activity") == {ACME}
        assert tenants_seen(owner_connection, partition) == {ACME, ZETA}


# -- keys between tables


@pytest.mark.parametrize(("column", "table"), [("company_id", "campaigns_company"), ("owner_id", "campaigns_owner")])
def test_a_lead_cannot_refer_to_another_tenants_row(
    app: psycopg.Connection, worker_connection: psycopg.Connection, column: str, table: str
) -> None:
    foreign = id_of(worker_connection, table, ZETA)
    enter(app, ACME)

    with pytest.raises(errors.ForeignKeyViolation):
        app.execute(sql.SQL("UPDATE campaigns_lead SET {} = %s").format(sql.Identifier(column)), [foreign])


def test_a_lead_cannot_have_another_tenants_stage(app: psycopg.Connection) -> None:
    enter(app, ZETA)
    app.execute("INSERT INTO campaigns_stage (tenant_id, key, label) VALUES (%s, 'secret', 'x')", [ZETA])
    app.commit()
    enter(app, ACME)

    with pytest.raises(errors.ForeignKeyViolation):
        app.execute("UPDATE campaigns_lead SET stage = 'secret'")


@pytest.mark.parametrize(("mine", "foreign"), [("lead", "staticlist"), ("staticlist", "lead")])
def test_a_list_holds_leads_of_its_tenant_only(
    app: psycopg.Connection, worker_connection: psycopg.Connection, mine: str, foreign: str
) -> None:
    ids = {
        mine: id_of(worker_connection, f"campaigns_{mine}", ACME),
        foreign: id_of(worker_connection, f"campaigns_{foreign}", ZETA),
    }
    enter(app, ACME)

    with pytest.raises(errors.ForeignKeyViolation):
        app.execute(
            "INSERT INTO campaigns_listmember (tenant_id, lead_id, list_id) VALUES (%s, %s, %s)",
            [ACME, ids["lead"], ids["staticlist"]],
        )


def test_a_version_belongs_to_a_campaign_of_its_tenant(
    app: psycopg.Connection, worker_connection: psycopg.Connection
) -> None:
    foreign = id_of(worker_connection, "campaigns_campaign", ZETA)
    enter(app, ACME)

    with pytest.raises(errors.ForeignKeyViolation):
        app.execute(
            "INSERT INTO campaigns_campaignversion (tenant_id, campaign_id, number, document, published_by)"
            " VALUES (%s, %s, 9, '{}', 'x')",
            [ACME, foreign],
        )


def test_a_live_version_exists(app: psycopg.Connection) -> None:
    enter(app, ACME)

    with pytest.raises(errors.ForeignKeyViolation):
        app.execute("UPDATE campaigns_campaign SET live_version = 99")


def test_unique_values_do_not_tell_what_other_tenants_have(app: psycopg.Connection) -> None:
    enter(app, ACME)

    for table, columns, values in (
        ("campaigns_tag", "name", [canary(ZETA)]),
        ("campaigns_company", "name", [canary(ZETA)]),
        ("campaigns_owner", "email, name", [f"{canary(ZETA)}@example.test", "x"]),
    ):
        query = sql.SQL("INSERT INTO {} (tenant_id, {}) VALUES ({})").format(
            sql.Identifier(table), sql.SQL(columns), sql.SQL(", ").join([sql.Placeholder()] * (len(values) + 1))
        )
        assert app.execute(query, [ACME, *values]).rowcount == 1


# -- API keys and the tenant table


def test_an_api_key_is_found_by_its_prefix_and_no_other_with_it(app: psycopg.Connection) -> None:
    key, _ = keys.issue(ZETA, name="second")
    app.execute("SELECT set_config('fairlane.key_prefix', %s, true)", [key.prefix])

    assert app.execute("SELECT name FROM campaigns_apikey").fetchall() == [("second",)]
    assert app.execute("UPDATE campaigns_apikey SET name = 'x'").rowcount == 0


def test_an_empty_prefix_finds_no_key(app: psycopg.Connection) -> None:
    app.execute("SELECT set_config('fairlane.key_prefix', '', true)")

    assert app.execute("SELECT FROM campaigns_apikey").rowcount == 0


def test_a_tenant_sees_itself_and_an_operator_all(app: psycopg.Connection) -> None:
    count = "SELECT count(*) FROM campaigns_tenant"
    assert app.execute(count).fetchone() == (0,)
    enter(app, ACME)
    assert app.execute(count).fetchone() == (1,)
    app.execute("SELECT set_config('fairlane.operator', 'on', true)")
    assert app.execute(count).fetchone() == (2,)
    assert tenants_seen(app, "campaigns_lead") == {ACME}


# -- what nobody may do


@pytest.mark.parametrize("statement", ["UPDATE campaigns_activity SET kind = 'x'", "DELETE FROM campaigns_activity"])
def test_activities_are_never_changed(
    app: psycopg.Connection, worker_connection: psycopg.Connection, statement: str
) -> None:
    for connection in (app, worker_connection):
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement)
        connection.rollback()


@pytest.mark.parametrize("table", ["campaigns_lead", "campaigns_activity", "campaigns_campaignversion"])
def test_the_application_empties_no_table(app: psycopg.Connection, table: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))


def test_a_published_version_is_immutable_even_for_the_owner(owner_connection: psycopg.Connection) -> None:
    with owner_connection.transaction(force_rollback=True):
        enter(owner_connection, ACME)

        with pytest.raises(errors.RestrictViolation):
            owner_connection.execute("UPDATE campaigns_campaignversion SET document = '{}'")


def test_the_application_cannot_lift_the_isolation(app: psycopg.Connection) -> None:
    for statement in (
        "ALTER TABLE campaigns_lead DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON campaigns_lead",
        "SELECT fairlane_isolate('campaigns_lead')",
        "SET ROLE fairlane_worker",
        "SET SESSION AUTHORIZATION fairlane_owner",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            app.execute(statement)
        app.rollback()
    app.execute("SET row_security = off")
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("SELECT FROM campaigns_lead")
