"""Explain and rehearse: what they say of a tenant's own leads, through the API and at the command line."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from campaigns import handler, keys, operations, rehearsals
from campaigns.explaining import explain
from campaigns.language.tracing import leaves
from campaigns.models import Campaign, Company, Lead
from campaigns.rehearsals import rehearse
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.world import ACME, ZETA, canary, make_campaign, make_tenant
from tests.integration.engine.bundles import executor, lane

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
ADD = {"id": "add", "action": "increment_number", "params": {"field": "orders", "by": 1}}
WAIT = {"id": "wait", "action": "wait_duration", "params": {"wait": {"amount": 1, "unit": "days"}}}
FEW = {"field": "orders", "operator": "at_most", "value": 2, "or_empty": True}
DOCUMENT = {
    "triggers": [
        {
            "type": "event",
            "event": "purchase",
            "where": [{"attribute": "amount", "operator": "at_least", "value": "10"}],
        }
    ],
    "filter": {"all": [FEW]},
    "steps": [ADD],
}


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        with tenant_context(tenant):
            Campaign.objects.filter(key="count").update(draft={})
            operations.archive(Campaign.objects.get(key="count"))
            make_campaign(tenant, "spend", DOCUMENT)


def buy(worker: psycopg.Connection, lead: str, amounts: Sequence[int], tenant: str = ACME) -> None:
    for place, amount in enumerate(amounts):
        at = NOW - timedelta(days=len(amounts) - place)
        event = Event(
            id=f"{lead}-{place}", tenant=tenant, lead=lead, type="purchase", accepted_at=at, occurred_at=at,
            data={"amount": str(amount)},
        )  # fmt: skip
        report = executor(worker, handler.handle, clock=lambda at=at: at).execute([lane([event])])
        assert report.dead == 0


def test_it_is_said_which_condition_said_no_with_the_value_then(worker: psycopg.Connection) -> None:
    buy(worker, "new", [10, 10, 10, 10, 5])
    found = explain(ACME, "spend", "new")
    small, fourth, third, *_ = found.events
    assert "no trigger hears it" in small.verdict
    assert fourth.verdict.startswith('the filter says no: filter.all[0] wants {"field":"orders"')
    assert fourth.verdict.endswith("and found 3.")
    assert (third.entered, third.verdict) == (True, "it set the campaign off.")
    assert third.filter is not None and third.filter.items[0].value == 2
    assert found.verdict.endswith(small.verdict)


def test_who_is_inside_is_said_to_be_until_when(worker: psycopg.Connection) -> None:
    with tenant_context(ACME):
        make_campaign(ACME, "late", {**DOCUMENT, "steps": [WAIT, ADD]})
    buy(worker, "new", [10])
    found = explain(ACME, "late", "new")
    (inside,) = found.inside
    assert (inside.step, inside.due_at, inside.held) == ("wait", NOW, False)
    assert found.verdict == f"The lead is inside: waits at wait until {NOW.isoformat()}."
    with tenant_context(ACME):
        operations.pause(Campaign.objects.get(key="late"))
    assert explain(ACME, "late", "new").verdict == "The lead is inside: the campaign is paused."


def test_whose_turn_or_run_is_waited_for_is_said_too(worker: psycopg.Connection) -> None:
    throttle = {"id": "turn", "action": "throttle", "params": {"key": "sms", "rate": 1, "per": "day"}}
    call = {"id": "call", "action": "execute_campaign", "params": {"campaign": "inner"}}
    with tenant_context(ACME):
        make_campaign(ACME, "inner", {"triggers": [{"type": "campaign_requested"}], "steps": [WAIT]})
        make_campaign(ACME, "outer", {**DOCUMENT, "steps": [call]})
        make_campaign(ACME, "slow", {**DOCUMENT, "steps": [throttle]})
    buy(worker, "first", [10])
    buy(worker, "second", [10])
    said = f"The lead is inside: waits at call for its run of “{canary(ACME)}” to end."
    assert explain(ACME, "outer", "first").verdict == said
    (inside,) = explain(ACME, "slow", "second").inside
    assert inside.due_at == NOW


def test_a_campaign_that_does_not_run_says_so(worker: psycopg.Connection) -> None:
    with tenant_context(ACME):
        operations.pause(Campaign.objects.get(key="spend"))
    buy(worker, "new", [10])
    assert explain(ACME, "spend", "new").verdict == "The campaign is paused: nobody enters."


def test_a_lead_to_whom_nothing_happened_is_told_from_one_who_was_refused() -> None:
    with tenant_context(ACME):
        Lead.objects.create(tenant_id=ACME, key="quiet")
    assert "Nothing that the campaign's triggers hear happened" in explain(ACME, "spend", "quiet").verdict


def client(tenant: str) -> Any:
    _, text = keys.issue(tenant, name="reader", scopes=["campaigns:read"])
    return lambda method, path, **more: getattr(Client(), method)(
        f"/api/v1/campaigns/{path}",
        headers={"authorization": f"Bearer {text}"},
        content_type="application/json",
        **more,
    )


def test_the_api_explains_a_tenants_own_leads_only(worker: psycopg.Connection) -> None:
    buy(worker, "new", [10])
    ask = client(ACME)
    assert ask("get", "spend/explain?lead=new").json()["events"][0]["entered"] is True
    assert ask("get", "spend/explain").status_code == 400
    assert client(ZETA)("get", "spend/explain?lead=new").status_code == 404
    assert ask("get", "none/explain?lead=new").status_code == 404


def test_a_cap_is_one_for_all_leads_however_they_are_read(
    worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lead in ("one", "two", "three"):
        buy(worker, lead, [10])
    with tenant_context(ACME):
        Campaign.objects.filter(key="spend").update(draft={**DOCUMENT, "entry": {"cap": 2}})
    monkeypatch.setattr(rehearsals, "LEADS_AT_ONCE", 1)
    found = rehearse(ACME, "spend", since=NOW - timedelta(days=30), until=NOW, leads=100)
    assert found.live is not None
    assert (found.draft.leads_entered, found.live.leads_entered) == (2, 3)


def test_a_rehearsal_counts_what_the_draft_would_have_done_and_what_the_live_version_does(
    worker: psycopg.Connection,
) -> None:
    buy(worker, "one", [10, 10, 10, 10])
    buy(worker, "two", [10, 5])
    buy(worker, "one", [10] * 9, tenant=ZETA)
    with tenant_context(ACME):
        Campaign.objects.filter(key="spend").update(draft={**DOCUMENT, "filter": None, "steps": [ADD, WAIT]})
        before = dict(Lead.objects.filter(tenant=ACME).values_list("key", "fields"))

    found = rehearse(ACME, "spend", since=NOW - timedelta(days=30), until=NOW, leads=100)

    assert (found.draft.events, found.draft.leads_entered) == (7, 2)  # with the purchase that every tenant's lead 1 has
    assert found.draft.steps["add"] == {"done": 5}
    assert found.live is not None and found.live.steps == {"add": {"done": 4}}
    with tenant_context(ACME):
        assert dict(Lead.objects.filter(tenant=ACME).values_list("key", "fields")) == before


def test_silences_are_found_anew_from_what_was_heard_before_and_since(worker: psycopg.Connection) -> None:
    trigger = {"type": "inactivity", "period": {"amount": 1, "unit": "days"}, "events": ["purchase"]}
    for tenant, bought in ((ACME, 2), (ZETA, 5)):
        buy(worker, "one", [10] * bought, tenant=tenant)
        with tenant_context(tenant):
            Lead.objects.filter(tenant=tenant).update(created_at=NOW - timedelta(days=9))
            make_campaign(tenant, "quiet", {"triggers": [trigger], "steps": [ADD]})

    found = rehearse(ACME, "quiet", since=NOW - 12 * HOUR, until=NOW + HOUR, leads=100)
    assert (found.draft.runs, found.draft.steps) == (1, {"add": {"done": 1}})
    assert rehearse(ACME, "quiet", since=NOW - 12 * HOUR, until=NOW - HOUR, leads=100).draft.runs == 0
    found = rehearse(ACME, "quiet", since=NOW - timedelta(days=30), until=NOW + timedelta(days=2), leads=100)
    assert found.draft.runs == 3  # after each of its purchases, and after that of the other lead


def test_the_api_rehearses_within_its_bounds(worker: psycopg.Connection) -> None:
    buy(worker, "one", [10])
    ask = client(ACME)
    answer = ask("post", "spend/rehearse", data={"days": 30, "leads": 10})
    assert answer.json()["draft"]["runs"] == 1
    for bad in ({"days": 0}, {"leads": 10**6}, {"weeks": 1}, []):
        assert ask("post", "spend/rehearse", data=bad).status_code == 400
    with tenant_context(ACME):
        Campaign.objects.filter(key="spend").update(draft={"triggers": []})
    refused = ask("post", "spend/rehearse", data={})
    assert refused.status_code == 422 and refused.json()["faults"]


def test_the_commands_speak_to_people(worker: psycopg.Connection) -> None:
    buy(worker, "new", [10, 5])
    said = io.StringIO()
    call_command("explain", ACME, "spend", "new", stdout=said)
    assert "spend is active, version 1. The last such event, purchase: no trigger hears it" in said.getvalue()
    said = io.StringIO()
    call_command("rehearse", ACME, "spend", "--days", "5", stdout=said)
    assert "leads that entered" in said.getvalue() and "1 done" in said.getvalue()
    with pytest.raises(CommandError, match="no lead 'nobody'"):
        call_command("explain", ACME, "spend", "nobody")


def test_who_comes_too_late_for_a_cap_is_told_so(worker: psycopg.Connection) -> None:
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "few", {**DOCUMENT, "entry": {"cap": 1}})
    buy(worker, "first", [10])
    buy(worker, "second", [10])
    buy(worker, "second", [10], ZETA)
    (late,) = explain(ACME, "few", "second").events
    assert late.verdict == "the campaign does not let the lead in: it has had its 1 leads."
    for tenant, lead in ((ACME, "first"), (ZETA, "second")):
        assert explain(tenant, "few", lead).events[0].entered is True


def test_what_was_counted_then_is_explained_and_rehearsed(worker: psycopg.Connection) -> None:
    second = {"activity": "purchase", "count": {"exactly": 2}}
    with tenant_context(ACME):
        make_campaign(ACME, "second", {**DOCUMENT, "filter": second})
        trigger = {"type": "event", "event": "purchase", "when": {"source": "user", "count": {"at_least": 3}}}
        make_campaign(ACME, "third", {"triggers": [trigger], "steps": [ADD]})
    buy(worker, "new", [10, 10, 10])
    buy(worker, "new", [10, 10, 10], ZETA)

    third, other, first = explain(ACME, "second", "new").events
    assert third.verdict.endswith("and found 3.")
    assert (other.entered, first.entered) == (True, False)
    assert first.verdict.endswith("and found 1.")

    why = explain(ACME, "third", "new").events
    assert why[0].triggers == ["triggers[0]: does not hear it: when.source"]
    assert why[1].triggers == ["triggers[0]: does not hear it: when.source, when.count"]

    played = rehearse(ACME, "second", since=NOW - timedelta(days=2, hours=1), until=NOW, leads=10)
    assert (played.draft.events, played.draft.runs) == (3, 1)  # with the purchase that every tenant's lead 1 has


def test_what_is_kept_and_looked_up_of_a_lead_is_shown(worker: psycopg.Connection) -> None:
    """Records as they were at the event; what is looked up beyond the lead, as it is now; no other tenant's."""
    asked = {
        "any": [
            {"program": "webinar", "status": "attended"},
            {"all": [{"duplicate": "phone"}, {"company_field": "score", "operator": "at_least", "value": 50}]},
            {"lead": "created_at", "operator": "before", "value": "{{ event.occurred_at }}"},
        ]
    }
    invite = {"id": "invite", "action": "change_program_status", "params": {"program": "webinar", "status": "invited"}}
    for tenant, score in ((ACME, 7), (ZETA, 70)):
        with tenant_context(tenant):
            make_campaign(tenant, "kept", {**DOCUMENT, "filter": asked})
            make_campaign(tenant, "inviting", {**DOCUMENT, "steps": [invite], "after": ["kept"]})
            Company.objects.update(score=score)
            for key in ("new", "other") if tenant == ACME else ("new",):
                Lead.objects.create(tenant_id=tenant, key=key, phone="+43 1 58858", company=Company.objects.get())
        buy(worker, "new", [10, 10], tenant)

    then, first = (event.filter for event in explain(ACME, "kept", "new").events)
    assert then is not None and first is not None
    said = {one.path: one for one in leaves(then)}
    assert said["filter.any[0]"].value["status"] == "invited"
    assert leaves(first)[0].value is None  # it was no member yet
    assert (said["filter.any[1].all[0]"].holds, said["filter.any[1].all[0]"].value) == (True, {"phone": "+43 1 58858"})
    assert (said["filter.any[1].all[1]"].holds, said["filter.any[1].all[1]"].value) == (False, 7)
    assert said["filter.any[2]"].compared is not None
    other = explain(ZETA, "kept", "new").events[0].filter
    assert other is not None
    assert [(one.holds, one.value) for one in leaves(other)][1:3] == [(False, {"phone": "+43 1 58858"}), (True, 70)]

    told = client(ACME)("get", "kept/explain?lead=new").json()["events"][0]["filter"]["items"]
    assert told[0]["value"]["status"] == "invited"
    shown = io.StringIO()
    call_command("explain", ACME, "kept", "new", stdout=shown)
    assert "no: filter.any[0] wants" in shown.getvalue() and '"status":"invited"' in shown.getvalue()
    assert "yes: filter.any[1].all[0] wants" in shown.getvalue()
