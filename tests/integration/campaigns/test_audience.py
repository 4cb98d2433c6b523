"""Audiences: the leads of one tenant that a filter matches, page by page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from campaigns.audience import Audience
from campaigns.schema_source import load_rulebooks
from tests.integration.campaigns.world import ACME, ZETA, make_tenant

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ODD = {"field": "orders", "operator": "is", "value": [1, 3, 5, 7, 9]}
#: Only memory can decide it: a token.
SAME = {"field": "first_name", "operator": "is", "value": "{{ lead.last_name }}"}


@pytest.fixture
def worker(worker_connection: psycopg.Connection) -> psycopg.Connection:
    worker_connection.autocommit = True
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        worker_connection.execute("DELETE FROM campaigns_lead WHERE tenant_id = %s", [tenant])
        worker_connection.execute(
            "INSERT INTO campaigns_lead (tenant_id, key, first_name, last_name, fields)"
            " SELECT %s, n::text, 'Ann', CASE WHEN n %% 3 = 0 THEN 'ANN' ELSE 'Lee' END,"
            " jsonb_build_object('orders', n)"
            " FROM generate_series(1, 10) AS n",
            [tenant],
        )
    return worker_connection


def audience(worker: psycopg.Connection, document: Any, tenant: str = ACME) -> Audience:
    return Audience(document, load_rulebooks(worker, [tenant])[tenant].schema, NOW)


def keys(worker: psycopg.Connection, who: Audience, limit: int) -> list[list[str]]:
    """The keys of the leads on each page."""
    pages, after = [], 0
    while after is not None:
        page = who.page(worker, after=after, limit=limit)
        found = worker.execute(
            "SELECT key FROM campaigns_lead WHERE tenant_id = %s AND id = ANY(%s) ORDER BY id", [ACME, page.ids]
        )
        pages.append([key for (key,) in found])
        after = page.after
    return pages


def test_pages_follow_each_other_and_hold_the_leads_of_one_tenant(worker: psycopg.Connection) -> None:
    who = audience(worker, ODD)

    assert keys(worker, who, limit=2) == [["1", "3"], ["5", "7"], ["9"]]
    assert who.count(worker) == 5
    assert audience(worker, ODD, ZETA).count(worker) == 5


def test_memory_sorts_out_what_the_database_cannot(worker: psycopg.Connection) -> None:
    who = audience(worker, {"all": [ODD, SAME]})

    assert not who.narrowed.exact
    assert keys(worker, who, limit=2) == [["3"], [], ["9"]]
    assert who.count(worker) == 2
    assert audience(worker, {"none": [ODD, SAME]}).count(worker) == 4


def test_a_page_of_nobody_is_the_last(worker: psycopg.Connection) -> None:
    who = audience(worker, {"field": "orders", "operator": "greater_than", "value": 10})

    assert keys(worker, who, limit=5) == [[]]
    assert who.count(worker) == 0
