"""Erasures and legal holds through the API: of the key's own tenant only, with the key's name on record."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.test import Client

from campaigns import erasure, keys
from campaigns.models import Erasure, LegalHold
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.carrying import execute, lead_row, publish, purchase, step, waiting
from tests.integration.campaigns.world import ACME, ZETA

ASK = {"event": "amount", "operator": "is", "value": 13}
RIGHTS = ("erasures:read", "erasures:write")


@pytest.fixture(autouse=True)
def tenants(two_tenants: None) -> None:
    waiting(ACME, ZETA)


def client(tenant: str, *scopes: str) -> Any:
    """Asks and tells: a status and what was answered."""
    _, text = keys.issue(tenant, name="desk", scopes=scopes or RIGHTS)

    def call(method: str, path: str, content: Any = None) -> tuple[int, Any]:
        response = getattr(Client(), method)(
            f"/api/v1/{path}",
            headers={"authorization": f"Bearer {text}"},
            content_type="application/json",
            **({} if method == "get" else {"data": content if content is not None else {}}),
        )
        return response.status_code, response.json()

    return call


def requested(worker: psycopg.Connection, *tenants: str) -> list[int]:
    """Each tenant's lead 1 is to be erased."""
    ids = []
    for tenant in tenants:
        publish(tenant, "forget", step("request_erasure", "ask", delay={"amount": 0, "unit": "days"}), filter=ASK)
        execute(worker, purchase(tenant, "1", "ask", amount="13"))
        with tenant_context(tenant):
            ids.append(Erasure.objects.get(turn_at__isnull=False).pk)
    return ids


def test_open_ones_are_told_and_taken_back_once_by_the_key(worker: psycopg.Connection) -> None:
    ours, theirs = requested(worker, ACME, ZETA)
    call = client(ACME)
    status, found = call("get", "erasures?state=open")
    assert (status, found["before"]) == (200, None)
    (one,) = found["erasures"]
    assert (one["id"], one["lead"], one["state"], one["mode"]) == (ours, "1", "open", "anonymise")
    assert call("get", f"erasures/{ours}") == (200, one)
    assert call("get", f"erasures/{theirs}")[0] == call("post", f"erasures/{theirs}/cancel")[0] == 404

    status, told = call("post", f"erasures/{ours}/cancel")

    assert (status, told["state"], told["cancelled_by"]) == (200, "cancelled", "API key desk")
    assert (lead_row(worker, ACME, "1") or {})["frozen_until"] is None
    assert (lead_row(worker, ZETA, "1") or {})["frozen_until"] is not None
    assert call("post", f"erasures/{ours}/cancel")[0] == 409
    assert call("get", "erasures?state=open")[1]["erasures"] == []
    assert [one["id"] for one in client(ZETA)("get", "erasures?state=open")[1]["erasures"]] == [theirs]


def test_of_one_that_is_done_nobody_can_tell_the_lead(worker: psycopg.Connection) -> None:
    (id,) = requested(worker, ACME)
    worker.execute("UPDATE campaigns_erasure SET due_at = now(), turn_at = now() WHERE id = %s", [id])
    assert erasure.tend(worker) == 1
    status, told = client(ACME)("get", f"erasures/{id}")
    assert (status, told["state"], told["lead"], bool(told["done_at"])) == (200, "done", None, True)
    assert [one["id"] for one in client(ACME)("get", "erasures?state=done")[1]["erasures"]] == [id]
    assert client(ACME)("post", f"erasures/{id}/cancel")[0] == 409


def test_a_hold_keeps_a_lead_until_it_is_lifted(worker: psycopg.Connection) -> None:
    (id,) = requested(worker, ACME)
    call = client(ACME)
    status, hold = call("post", "legal-holds", {"lead": "1", "reason": "a law suit"})
    assert (status, hold["lead"], hold["all_leads"], hold["set_by"]) == (201, "1", False, "API key desk")
    worker.execute("UPDATE campaigns_erasure SET due_at = now(), turn_at = now() WHERE id = %s", [id])
    assert erasure.tend(worker) == 0
    assert call("get", f"erasures/{id}")[1]["waits_for"] == "held"
    assert [one["id"] for one in call("get", "legal-holds?state=open")[1]["legal_holds"]] == [hold["id"]]
    lift = f"legal-holds/{hold['id']}/lift"
    assert client(ZETA)("post", lift, {"because": "x"})[0] == client(ZETA)("get", f"legal-holds/{hold['id']}")[0] == 404

    status, lifted = call("post", lift, {"because": "it is settled"})

    assert (status, lifted["lifted_by"], lifted["lifted_because"]) == (200, "API key desk", "it is settled")
    assert call("post", lift, {"because": "again"})[0] == 409
    assert erasure.tend(worker) == 1


def test_a_hold_for_all_leads_is_asked_for_in_so_many_words() -> None:
    call = client(ACME)
    assert call("post", "legal-holds", {"reason": "a law suit"})[0] == 400
    status, hold = call("post", "legal-holds", {"lead": None, "reason": "a law suit"})
    assert (status, hold["lead"], hold["all_leads"]) == (201, None, True)
    with tenant_context(ZETA):
        assert not LegalHold.objects.filter(lifted_at=None).exists()


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("legal-holds", {"lead": "nobody", "reason": "x"}, 404),
        ("legal-holds", {"lead": "1", "reason": "  "}, 400),
        ("legal-holds", {"lead": "1", "reason": "x" * 1_001}, 400),
        ("legal-holds", {"lead": "1", "reason": "x", "until": "2030"}, 400),
        ("legal-holds", {"lead": "1\x00", "reason": "x"}, 400),
        ("legal-holds/0/lift", {"because": "x"}, 404),
        ("legal-holds/first/lift", {"because": "x"}, 404),
    ],
)
def test_what_makes_no_sense_is_refused(path: str, content: Any, status: int) -> None:
    assert client(ACME)("post", path, content)[0] == status


def test_reading_and_acting_need_their_own_scopes(worker: psycopg.Connection) -> None:
    (id,) = requested(worker, ACME)
    reader, writer = client(ACME, "erasures:read"), client(ACME, "erasures:write")
    assert reader("get", "erasures?state=sometime")[0] == 400
    assert reader("post", f"erasures/{id}/cancel")[1]["error"] == "missing_scope"
    assert reader("post", "legal-holds", {"lead": None, "reason": "x"})[0] == 403
    assert writer("get", "erasures")[0] == writer("get", "legal-holds")[0] == 403
    assert client(ACME, "leads:read", "campaigns:write")("get", f"erasures/{id}")[0] == 403
