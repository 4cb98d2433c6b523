"""No tenant sees another's rows on the second database either: the same questions, asked there."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from engine.roles import Urls
from tests.integration.campaigns.test_isolation_rls import (
    CHANGEABLE,
    ISOLATED,
    enter,
    tenants_seen,
    test_a_lead_cannot_refer_to_another_tenants_row,
    test_a_partition_isolates_also_whoever_may_read_it,
    test_activities_are_never_changed,
    test_every_table_with_a_tenant_is_isolated_or_out_of_reach,
    test_no_activity_is_inserted_for_another_tenant,
    test_no_row_is_inserted_for_another_tenant,
    test_the_application_cannot_lift_the_isolation,
    test_the_application_empties_no_table,
    test_the_application_reaches_no_partition_directly,
    test_what_is_asked_here_goes_red_without_the_policy,
)
from tests.integration.campaigns.world import ACME, ZETA, make_tenant

__all__ = [
    "test_a_lead_cannot_refer_to_another_tenants_row",
    "test_a_partition_isolates_also_whoever_may_read_it",
    "test_activities_are_never_changed",
    "test_every_table_with_a_tenant_is_isolated_or_out_of_reach",
    "test_no_activity_is_inserted_for_another_tenant",
    "test_no_row_is_inserted_for_another_tenant",
    "test_the_application_cannot_lift_the_isolation",
    "test_the_application_empties_no_table",
    "test_the_application_reaches_no_partition_directly",
    "test_what_is_asked_here_goes_red_without_the_policy",
]

#: API keys are in the directory.
HERE = sorted(set(ISOLATED) - {"campaigns_apikey"})


@pytest.fixture(autouse=True)
def both_on_the_second(blue: Urls) -> None:
    make_tenant(ACME, database="blue")
    make_tenant(ZETA, database="blue")


@pytest.fixture
def app(blue: Urls) -> Iterator[psycopg.Connection]:
    with psycopg.connect(blue.app) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def owner_connection(blue: Urls) -> Iterator[psycopg.Connection]:
    with psycopg.connect(blue.owner, autocommit=True) as connection:
        yield connection


@pytest.fixture
def worker_connection(blue: Urls) -> Iterator[psycopg.Connection]:
    with psycopg.connect(blue.worker) as connection:
        yield connection


def test_a_tenant_sees_its_own_rows_only(app: psycopg.Connection) -> None:
    enter(app, ACME)

    assert {table: tenants_seen(app, table) for table in HERE} == {table: {ACME} for table in HERE}


def test_without_a_tenant_no_row_is_seen(app: psycopg.Connection) -> None:
    assert {table: tenants_seen(app, table) for table in HERE} == {table: set() for table in HERE}


def test_no_row_is_moved_to_another_tenant(app: psycopg.Connection) -> None:
    for table in set(CHANGEABLE) & set(HERE):
        enter(app, ACME)
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            app.execute(f"UPDATE {table} SET tenant_id = %s", [ZETA])
        app.rollback()
