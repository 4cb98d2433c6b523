"""Campaigns that execute each other: circles are refused when the last of them is published, per tenant."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from campaigns import operations
from campaigns.models import Activity, Campaign, ParkedRun
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.carrying import execute, publish, purchase, step
from tests.integration.campaigns.world import ACME, ZETA, make_tenant

REQUESTED = [{"type": "campaign_requested"}]


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    for tenant in (ACME, ZETA):
        make_tenant(tenant)


def call(campaign: str) -> dict[str, Any]:
    return step("execute_campaign", "call", campaign=campaign)


def test_a_circle_is_refused_and_the_same_campaigns_of_another_tenant_are_none() -> None:
    note = step("add_note", "note", text="x")
    for tenant in (ACME, ZETA):
        publish(tenant, "last", note, triggers=REQUESTED)
        publish(tenant, "first", call("last"), triggers=REQUESTED)
    with tenant_context(ACME):
        last = Campaign.objects.get(key="last")
        last.draft = {"triggers": REQUESTED, "steps": [call("first")]}
        last.save()
        (fault,) = operations.faults_of(last)
        assert fault.message.endswith("in a circle: last → first → last")
    with tenant_context(ZETA):
        assert operations.faults_of(Campaign.objects.get(key="last")) == []


def test_the_parent_is_stored_while_the_child_waits_and_both_are_of_one_tenant(
    worker_connection: psycopg.Connection,
) -> None:
    worker_connection.autocommit = True
    wait = step("wait_duration", "wait", wait={"amount": 1, "unit": "days"})
    for tenant in (ACME, ZETA):
        publish(tenant, "inner", wait, triggers=REQUESTED)
        publish(tenant, "outer", call("inner"), step("add_note", "note", text="after"))
    execute(worker_connection, purchase(ACME))
    with tenant_context(ACME):
        runs = {run.campaign.key: run for run in ParkedRun.objects.select_related("campaign")}
        assert set(runs) == {"outer", "inner"}
        assert runs["inner"].state["parent"] == runs["outer"].id
        assert runs["outer"].wake_at is None
    with tenant_context(ZETA):
        assert not ParkedRun.objects.filter(campaign__key__in=["outer", "inner"]).exists()
        assert not Activity.objects.filter(step="call").exists()
