"""Conditions that look beyond the lead mean the same in memory and in the database, and see their tenant alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from campaigns import handler
from campaigns.audience import Audience
from campaigns.history import load_history
from campaigns.language.history import CompanyOf, Look, Question, Sequel, Tally, Times
from campaigns.language.lead import LeadState
from campaigns.language.leadtimes import TimesOf
from campaigns.models import Campaign, Company, Definition, Lead, ParkedRun
from campaigns.schema_source import load_rulebooks
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.world import ACME, ZETA, make_campaign, make_tenant
from tests.integration.engine.bundles import executor, lane

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
SIZES = {"small": 3, "large": 300}
WAIT = {
    "triggers": [{"type": "event", "event": "purchase"}],
    "steps": [{"id": "wait", "action": "wait_duration", "params": {"wait": {"amount": 1, "unit": "days"}}}],
}


@pytest.fixture(autouse=True)
def tenants(worker_connection: psycopg.Connection) -> None:
    """In one tenant two leads with one address at companies of two sizes, one of them inside a campaign; in the other
    tenant somebody of the same name has all of it."""
    worker_connection.autocommit = True
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        with tenant_context(tenant):
            spec = {"fields": {"size": "integer", "city": "string"}}
            Definition.objects.create(tenant_id=tenant, kind="company", key="basics", name="Basics", spec=spec)
            make_campaign(tenant, "waiting", WAIT)
            for name, size in SIZES.items():
                fields = {"size": size} if tenant == ACME else {"size": 5_000}
                company = Company.objects.create(tenant_id=tenant, name=name, fields=fields, score=size)
                email = "Same@acme.test" if name == "small" else "same@ACME.test"
                Lead.objects.create(tenant_id=tenant, key=name, email=email, company=company)
            Lead.objects.create(
                tenant_id=tenant, key="alone", email="alone@acme.test" if tenant == ACME else "same@acme.test"
            )
    with tenant_context(ZETA):
        park(ZETA, "alone")
    with tenant_context(ACME):
        park(ACME, "small")


def park(tenant: str, key: str) -> None:
    """Let a lead rest in the campaign."""
    waiting = Campaign.objects.get(key="waiting")
    ParkedRun.objects.create(
        tenant_id=tenant, lead=Lead.objects.get(key=key), id=f"{tenant}.1.1", campaign_id=waiting.pk, version=1, key="",
        step="wait", waits=1, entered_at=NOW, state={"type": "purchase", "at": NOW.isoformat()},
    )  # fmt: skip


def found(worker: psycopg.Connection, document: Any) -> set[str]:
    """Who matches: both evaluators must say the same of each lead."""
    schema = load_rulebooks(worker, [ACME])[ACME].schema
    audience = Audience(document, schema, NOW)
    assert audience.narrowed.exact
    rows = worker.execute(
        f"SELECT l.id, {audience.condition.text} FROM campaigns_lead AS l WHERE l.tenant_id = %s",
        [*audience.condition.params, ACME],
    ).fetchall()
    leads = audience.read(worker, [id for id, _ in rows])
    assert {lead.id for lead in leads if audience.matches(lead)} == {id for id, holds in rows if holds}
    return {lead.key for lead in leads if audience.matches(lead)} - {"1"}


@pytest.mark.parametrize(
    ("document", "keys"),
    [
        ({"company_field": "size", "operator": "at_least", "value": 3}, {"small", "large"}),
        ({"company_field": "size", "operator": "greater_than", "value": 3}, {"large"}),
        ({"company_field": "size", "operator": "is_not", "value": 3}, {"large", "alone"}),
        ({"company_field": "size", "operator": "less_than", "value": 4, "or_empty": True}, {"small", "alone"}),
        ({"company_field": "score", "operator": "between", "value": [300, 4_999]}, {"large"}),
        ({"company_field": "city", "operator": "is_empty"}, {"small", "large", "alone"}),
        ({"duplicate": "email"}, {"small", "large"}),
        ({"duplicate": "email", "operator": "not_in"}, {"alone"}),
        ({"campaign": "waiting"}, {"small"}),
        ({"campaign": "waiting", "operator": "not_in"}, {"large", "alone"}),
        ({"campaign": "waiting", "steps": ["wait", "other"]}, {"small"}),
        ({"campaign": "waiting", "steps": "other"}, set()),
        ({"campaign": "waiting", "operator": "been"}, set()),
        ({"campaign": "waiting", "operator": "not_been", "in_past": {"amount": 1, "unit": "days"}}, {*SIZES, "alone"}),
    ],
)
def test_both_evaluators_say_the_same(worker_connection: psycopg.Connection, document: Any, keys: set[str]) -> None:
    assert found(worker_connection, document) == keys


def test_a_bundle_looks_up_its_own_tenants_leads_alone(worker_connection: psycopg.Connection) -> None:
    asked = {
        "all": [
            {"company_field": "size", "operator": "at_most", "value": 300},
            {"duplicate": "email"},
            {"campaign": "waiting", "operator": "in"},
        ]
    }
    scoring = {
        "triggers": [{"type": "event", "event": "purchase"}],
        "filter": asked,
        "steps": [{"id": "score", "action": "change_score", "params": {"amount": 1}}],
    }
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "scoring", scoring)
    now = datetime.now(UTC)
    for tenant in (ACME, ZETA):
        events = [
            Event(
                id=f"buy-{key}", tenant=tenant, lead=key, type="purchase", accepted_at=now, occurred_at=now,
                data={"amount": "1"},
            )
            for key in (*SIZES, "alone", "new")
        ]  # fmt: skip
        lanes = [lane([event]) for event in events]
        assert executor(worker_connection, handler.handle).execute(lanes).dead == 0
    rows = worker_connection.execute("SELECT tenant_id, key FROM campaigns_lead WHERE score > 0").fetchall()
    assert set(rows) == {(ACME, "small"), (ACME, "large")}  # who was let in by the same event is inside, too
    assert found(worker_connection, {"campaign": "scoring", "operator": "been"}) == {*SIZES}
    assert found(worker_connection, {"campaign": "waiting"}) == {*SIZES, "alone", "new"}


def test_questions_of_every_kind_are_one_statement_for_all_tenants(worker_connection: psycopg.Connection) -> None:
    again = {"activity": "purchase", "within": {"amount": 1, "unit": "days"}}
    asked = {
        "any": [
            {"activity": "purchase", "count": {"at_least": 2}},
            {"activity": "purchase", "then": again},
            {"company_field": "size", "operator": "at_least", "value": 3},
            {"duplicate": "email"},
            {"lead": "created_at", "operator": "after", "value": "2020-01-01"},
        ]
    }
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "asking", {**WAIT, "filter": asked})
    rows = worker_connection.execute("SELECT tenant_id, key, id FROM campaigns_lead WHERE key <> '1'").fetchall()
    leads = {(tenant, key): LeadState(id=id, tenant=tenant, key=key) for tenant, key, id in rows}
    statements = []

    class Noting:
        def execute(self, *query: Any) -> Any:
            statements.append(query)
            return worker_connection.execute(*query)

    load_history(Noting(), leads.values(), load_rulebooks(worker_connection, [ACME, ZETA]), NOW)  # type: ignore[arg-type]

    assert len(statements) == 1
    answers = {
        place: {type(question): said for question, said in lead.history.items()} for place, lead in leads.items()
    }
    assert {place: said[Question] for place, said in answers.items()} == dict.fromkeys(leads, Tally())
    assert {place: said[Sequel] for place, said in answers.items()} == dict.fromkeys(leads, Times())
    sizes = {place: said[CompanyOf]["fields"]["size"] for place, said in answers.items() if place[1] != "alone"}
    assert sizes == {(ACME, "small"): 3, (ACME, "large"): 300, (ZETA, "small"): 5_000, (ZETA, "large"): 5_000}
    assert {place for place, said in answers.items() if said[Look]} == leads.keys() - {(ACME, "alone")}
    assert all(said[TimesOf].created_at == said[TimesOf].updated_at is not None for said in answers.values())
