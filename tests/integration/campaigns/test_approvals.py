"""Approvals: listed and decided in the admin and by the API, by those who may, once, in their own tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.urls import reverse

from campaigns import handler, keys, operations
from campaigns.approvals import decide, open_approvals
from campaigns.models import Campaign
from campaigns.operations import Refused
from campaigns.tenancy import tenant_context
from engine import outbox
from engine.types import Event
from tests.integration.campaigns.world import ACME, MARKETERS, ZETA, logged_in, make_campaign, make_tenant
from tests.integration.engine.bundles import executor, lane

NOW = datetime.now(UTC)
ASK = {
    "id": "ask",
    "action": "approval",
    "params": {"text": "Send it?", "timeout": {"amount": 1, "unit": "days"}},
}
NOTE = {"id": "note", "action": "add_note", "params": {"text": "approved"}}
VIP = {"field": "email", "operator": "is_empty"}


def asking(**more: Any) -> dict[str, Any]:
    ask = ASK | {"params": ASK["params"] | more}
    nested = {"cases": [{"label": "all", "when": VIP, "steps": [ask, NOTE]}]}
    trigger = {"type": "event", "event": "purchase"}
    return {"triggers": [trigger], "steps": [{"id": "fork", "action": "branch", "params": nested}]}


@pytest.fixture(autouse=True)
def recorded(clean: None, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Event]]:
    found: list[tuple[str, Event]] = []

    def record(tenant: str, events: Sequence[Event]) -> None:
        found.extend((tenant, event) for event in events)

    for tenant in (ACME, ZETA):
        make_tenant(tenant)
    monkeypatch.setattr(outbox, "record", record)
    return found


def ask(worker: psycopg.Connection, **more: Any) -> None:
    """A lead of each tenant is asked about."""
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "asking", asking(**more))
        event = Event(
            id="p1", tenant=tenant, lead="ada", type="purchase", accepted_at=NOW, occurred_at=NOW, data={"amount": "1"}
        )
        execute(worker, [event])


def execute(worker: psycopg.Connection, events: Sequence[Event]) -> None:
    assert executor(worker, handler.handle, clock=lambda: NOW).execute([lane(events)]).dead == 0


def notes(worker: psycopg.Connection) -> list[str]:
    query = "SELECT tenant_id FROM campaigns_activity WHERE kind = 'note_added' ORDER BY tenant_id"
    return [tenant for (tenant,) in worker.execute(query)]


def client(tenant: str, *scopes: str) -> Client:
    _, text = keys.issue(tenant, name="desk", scopes=scopes or ["approvals:decide"])
    return Client(headers={"authorization": f"Bearer {text}"})


def test_what_is_asked_is_listed_in_its_own_tenant(worker: psycopg.Connection) -> None:
    ask(worker)
    (mine,) = open_approvals(ACME)
    assert (mine.lead, mine.step, mine.text, mine.approvers) == ("ada", "ask", "Send it?", [])
    assert len(open_approvals(ZETA)) == 1


def test_nothing_is_asked_where_no_campaign_asks() -> None:
    assert open_approvals(ACME) == []


def test_approved_in_the_admin_the_run_goes_on(worker: psycopg.Connection, recorded: list[tuple[str, Event]]) -> None:
    ask(worker)
    page = logged_in(MARKETERS[ACME])
    url = reverse("admin:campaigns_approval_changelist")
    assert "Send it?" in page.get(url).content.decode()
    (mine,) = open_approvals(ACME)

    done = page.post(url, {"id": mine.id, "approve": "1", "note": "yes", "_tenant": ACME}, follow=True)

    assert [str(message) for message in done.context["messages"]] == ["Approved: the run goes on."]
    ((tenant, event),) = recorded
    assert (tenant, event.lead, event.data["by"], event.data["note"]) == (ACME, "ada", MARKETERS[ACME], "yes")
    execute(worker, [event])
    assert notes(worker) == [ACME]
    assert open_approvals(ACME) == []
    with pytest.raises(Refused, match="not asked any more"):
        decide(ACME, mine.id, approved=True, by="ann", source="admin")


def test_of_two_decisions_the_second_is_nothing(worker: psycopg.Connection, recorded: list[tuple[str, Event]]) -> None:
    ask(worker)
    (mine,) = open_approvals(ACME)
    decide(ACME, mine.id, approved=False, by="ann", source="admin")
    decide(ACME, mine.id, approved=True, by="bob", source="admin")
    execute(worker, [event for _, event in recorded])
    assert notes(worker) == []
    assert open_approvals(ACME) == []


def test_another_tenants_question_is_out_of_reach(worker: psycopg.Connection) -> None:
    ask(worker)
    (theirs,) = open_approvals(ZETA)
    with pytest.raises(Refused, match="not asked any more"):
        decide(ACME, theirs.id, approved=True, by="ann", source="admin")
    answer = client(ACME).post(f"/api/v1/approvals/{theirs.id}", {"approved": True}, "application/json")
    assert answer.status_code == 409


def test_only_those_who_are_asked_decide(worker: psycopg.Connection, recorded: list[tuple[str, Event]]) -> None:
    operations_person = MARKETERS[ACME]
    with tenant_context(ACME):
        make_campaign(ACME, "asking", asking(approvers=[operations_person]))
    event = Event(id="p1", tenant=ACME, lead="ada", type="purchase", accepted_at=NOW, occurred_at=NOW, data={"amount": "1"})  # fmt: skip  # noqa: E501
    execute(worker, [event])
    (mine,) = open_approvals(ACME)
    with pytest.raises(Refused, match=f"Only {operations_person} may decide"):
        decide(ACME, mine.id, approved=True, by="somebody", source="admin")
    url, caller = f"/api/v1/approvals/{mine.id}", client(ACME)
    assert caller.post(url, {"approved": True}, "application/json").status_code == 409
    assert recorded == []
    answer = caller.post(url, {"approved": True, "by": operations_person}, "application/json")
    assert (answer.status_code, recorded[0][1].data["by"]) == (202, operations_person)


def test_an_approver_who_does_not_look_after_the_tenant_is_a_fault() -> None:
    with tenant_context(ACME):
        campaign = Campaign.objects.create(
            tenant_id=ACME, key="asking", name="asking", draft=asking(approvers=[MARKETERS[ZETA]])
        )
        with pytest.raises(operations.PublicationRefused) as refused:
            operations.publish(campaign, by="ann")
    assert "does not look after this tenant" in str(refused.value.faults[0])


def test_the_api_lists_and_decides(worker: psycopg.Connection, recorded: list[tuple[str, Event]]) -> None:
    ask(worker)
    caller = client(ACME)
    (told,) = caller.get("/api/v1/approvals").json()["approvals"]
    assert (told["lead"], told["text"]) == ("ada", "Send it?")
    url = f"/api/v1/approvals/{told['id']}"
    for body in ({}, {"approved": "yes"}, {"approved": True, "who": "ann"}):
        assert caller.post(url, body, "application/json").status_code == 400
    answer = caller.post(url, {"approved": True}, "application/json")
    assert (answer.status_code, answer.json()["by"]) == (202, "API key desk")
    assert recorded[0][0] == ACME


@pytest.mark.parametrize("id", ["", "x", "1", "1:", "99999999999999999999:a", "1:nothing"])
def test_what_is_no_question_is_refused(id: str) -> None:
    with pytest.raises(Refused):
        decide(ACME, id, approved=True, by="ann", source="admin")


def test_a_key_needs_the_scope_for_it() -> None:
    assert client(ACME, "leads:read").get("/api/v1/approvals").status_code == 403
