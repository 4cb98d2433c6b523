"""What a filter means by a tenant's own settings: its currency, its rates, the day that its weeks begin on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from campaigns.audience import Audience
from campaigns.models import Definition, FieldDefinition, Lead, Tenant
from campaigns.schema_source import load_rulebooks
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.world import ACME, ZETA, make_lead, make_tenant

TUESDAY = datetime(2026, 3, 17, 12, tzinfo=UTC)
WEEK_STARTS, CURRENCIES, RATES = {ACME: "sunday", ZETA: "monday"}, {ACME: "USD", ZETA: "EUR"}, {ACME: "1.2", ZETA: "9"}


@pytest.fixture
def tenants(worker_connection: psycopg.Connection) -> psycopg.Connection:
    """Two tenants with a lead each: the same values, other settings."""
    worker_connection.autocommit = True
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        with tenant_context(tenant):
            Tenant.objects.update(week_start=WEEK_STARTS[tenant], currency=CURRENCIES[tenant])
            for key, kind in (("deal", "currency"), ("seen", "date"), ("home", "geo")):
                FieldDefinition.objects.create(tenant_id=tenant, key=key, label=key, type=kind)
            rates = {"rates": {"2026-01-01": RATES[tenant]}}
            Definition.objects.create(tenant_id=tenant, kind="currency", key="eur", name="Euro", spec=rates)
            lead = make_lead(tenant, "same")
            lead.fields = {"deal": "100 EUR", "seen": "2026-03-15", "home": {"latitude": 48.2, "longitude": 16.37}}
            lead.save()
    return worker_connection


def found(connection: psycopg.Connection, document: Any) -> set[str]:
    """The tenants whose lead matches, by both evaluators."""
    tenants = set()
    for tenant, rulebook in load_rulebooks(connection, [ACME, ZETA]).items():
        audience = Audience(document, rulebook.schema, TUESDAY)
        with tenant_context(tenant):
            id = Lead.objects.get(key="same").pk
        matched = id in audience.page(connection, limit=100).ids
        assert [audience.matches(lead) for lead in audience.read(connection, [id])] == [matched]
        tenants |= {tenant} if matched else set()
    return tenants


@pytest.mark.parametrize(
    ("field", "operator", "value", "tenants_found"),
    [
        ("deal", "at_least", 110, {ACME}),
        ("deal", "at_most", "100 EUR", {ACME, ZETA}),
        ("deal", "less_than", "900 USD", {ACME}),
        ("seen", "in_time_frame", "this_week", {ACME}),
        ("seen", "in_time_frame", "last_week", {ZETA}),
        ("home", "within_radius", {"latitude": 48.1486, "longitude": 17.1077, "km": 60}, {ACME, ZETA}),
        ("home", "not_within_radius", {"latitude": 48.1486, "longitude": 17.1077, "km": 60}, set()),
    ],
)
def test_the_same_filter_means_what_the_tenant_has_set(
    tenants: psycopg.Connection, field: str, operator: str, value: Any, tenants_found: set[str]
) -> None:
    assert found(tenants, {"field": field, "operator": operator, "value": value}) == tenants_found
