"""Moves in the admin and in the API: chosen, counted, confirmed, watched, undone; each tenant its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.test import Client

from campaigns import keys, moves, operations
from campaigns.models import Campaign, Move
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.bundling import execute, purchase
from tests.integration.campaigns.pages import read_form
from tests.integration.campaigns.world import ACME, MARKETERS, ZETA, logged_in, make_campaign, make_tenant

API = "/api/v1/campaigns/late/moves"
Key = Callable[..., Client]


def wait(id: str, days: int) -> dict[str, Any]:
    return {"id": id, "action": "wait_duration", "params": {"wait": {"amount": days, "unit": "days"}}}


def document(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"triggers": [{"type": "event", "event": "purchase"}], "steps": list(steps)}


@pytest.fixture(autouse=True)
def people(clean: None, worker: psycopg.Connection) -> None:
    """Two of each tenant wait at “long” of version 1; version 2, with “short”, is live."""
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        with tenant_context(tenant):
            make_campaign(tenant, "late", document(wait("long", 10)))
        execute(worker, [purchase(tenant, lead, f"e-{lead}") for lead in "12"])
        with tenant_context(tenant):
            campaign = late(tenant)
            campaign.draft = document(wait("short", 1))
            campaign.save()
            operations.publish(campaign, by="ann")


@pytest.fixture
def ann() -> Client:
    return logged_in(MARKETERS[ACME])


@pytest.fixture
def key() -> Key:
    def issue(*scopes: str, tenant: str = ACME) -> Client:
        text = keys.issue(tenant, name="k", scopes=list(scopes))[1]
        return Client(headers={"authorization": f"Bearer {text}"})

    return issue


def late(tenant: str = ACME) -> Campaign:
    with tenant_context(tenant):
        return Campaign.objects.get(key="late")


def page(rest: str = "moves/") -> str:
    return f"/admin/campaigns/campaign/{late().pk}/{rest}"


def started() -> list[Move]:
    with tenant_context(ACME):
        return list(late().moves.filter(total__gt=0))


def finish(worker: psycopg.Connection) -> None:
    while moves.tend(worker, datetime.now(UTC) + timedelta(minutes=2)):
        pass


def resting(worker: psycopg.Connection, tenant: str = ACME) -> list[tuple[int, str]]:
    query = "SELECT version, step FROM campaigns_parkedrun WHERE tenant_id = %s AND campaign_id > 0"
    return worker.execute(query, [tenant]).fetchall()


def post(client: Client, body: Any, url: str = API) -> Any:
    return client.post(url, body, content_type="application/json")


# -- the admin


def test_each_old_step_with_people_is_asked_for_with_its_count(ann: Client) -> None:
    assert "2 are inside older versions." in ann.get(page("change/")).content.decode()

    shown = ann.get(page()).content.decode()

    assert "Version 1: 2 inside" in shown
    assert "Wait <code>long</code></td>" in " ".join(shown.split())
    assert 'name="step:long"' in shown
    assert '<option value="short">short: Wait</option>' in shown
    assert '<option value="end">They are out</option>' in shown


def test_they_are_moved_when_the_counts_are_confirmed_and_taken_back_again(
    ann: Client, worker: psycopg.Connection
) -> None:
    form = read_form(ann.get(page()).content) | {"step:long": ["short"]}
    asked = ann.post(page(), form)
    assert (started(), resting(worker)) == ([], [(1, "long")] * 2)
    assert "<code>short</code>, the wait goes on" in asked.content.decode()
    assert "Move 2</button>" in asked.content.decode()

    done = ann.post(page(), read_form(asked.content) | {"move": ["1"]}, follow=True).content.decode()
    assert "2 are taken from version 1 to version 2." in done
    assert "0 of 2" in done and 'http-equiv="refresh"' in done and 'name="step:long"' not in done
    finish(worker)
    shown = ann.get(page()).content.decode()
    assert "2 of 2" in shown and "Nobody is inside an older version." in shown
    assert 'http-equiv="refresh"' not in shown
    assert (resting(worker), resting(worker, ZETA)) == ([(2, "short")] * 2, [(1, "long")] * 2)

    (move,) = started()
    assert move.started_by == "ann"
    undo = page(f"moves/{move.pk}/undo/")
    assert "2 have not gone on since" in ann.get(undo).content.decode()
    back = ann.post(undo, {"_tenant": ACME}, follow=True).content.decode()
    assert "is being undone" in back and "0 of 2" in back
    finish(worker)
    assert resting(worker) == [(1, "long")] * 2
    assert "The move is undone." in ann.post(undo, {"_tenant": ACME}, follow=True).content.decode()


def test_a_plan_with_faults_names_each_and_cannot_be_confirmed(ann: Client, worker: psycopg.Connection) -> None:
    form = {"_tenant": ACME, "from": "1", "step:gone": "short"}
    for said in ({}, {"move": "1"}):
        shown = ann.post(page(), form | said).content.decode()
        assert "version 1 has no such step" in shown and "version 2 has no step &#x27;long&#x27;" in shown
        assert 'name="move"' not in shown
    assert (started(), resting(worker)) == ([], [(1, "long")] * 2)


def test_one_move_at_a_time_is_said_so(ann: Client) -> None:
    form = {"_tenant": ACME, "from": "1", "step:long": "end", "move": "1"}
    ann.post(page(), form)

    assert "Another move of the campaign is not over yet." in ann.post(page(), form, follow=True).content.decode()
    assert len(started()) == 1


def test_nobody_else_sees_or_moves_them(ann: Client) -> None:
    bob, url = logged_in(MARKETERS[ZETA]), page()
    ann.post(url, {"_tenant": ACME, "from": "1", "step:long": "end", "move": "1"})
    undo = page(f"moves/{started()[0].pk}/undo/")

    assert [bob.get(address).status_code for address in (url, undo)] == [404, 404]
    assert bob.post(url, {"_tenant": ZETA, "from": "1", "move": "1"}).status_code == 404
    assert Client().get(url).status_code == 302


# -- the API


def test_the_api_counts_moves_shows_and_undoes(key: Key, worker: psycopg.Connection) -> None:
    writer, reader = key("campaigns:write"), key("campaigns:read")
    wanted = {"from": 1, "plan": {"long": "short"}}
    assert reader.get(API).json()["older"] == [{"version": 1, "steps": {"long": 2}}]
    assert post(writer, wanted, f"{API}?dry_run=true").json() == {
        "leads": 2, "steps": [{"step": "long", "to": "short", "keeps": True, "runs": 2}], "faults": [],
    }  # fmt: skip
    assert started() == []

    answer = post(writer, wanted)
    id = answer.json()["id"]
    assert (answer.status_code, answer.json()["state"], answer.json()["leads"]) == (202, "moving", 2)
    assert post(writer, wanted).status_code == 409
    finish(worker)
    told = reader.get(API).json()["moves"][0]
    assert (told["id"], told["moved"], told["over"], told["started_by"]) == (id, 2, True, "API key k")
    assert writer.post(f"{API}/{id}/undo").status_code == 202
    finish(worker)
    assert writer.post(f"{API}/{id}/undo").status_code == 409
    assert resting(worker) == [(1, "long")] * 2


def test_the_api_names_every_fault_of_a_plan(key: Key) -> None:
    writer = key("campaigns:write")
    paths = ["plan.gone", "plan.long"]

    refused = post(writer, {"from": 1, "plan": {"gone": "short"}})
    assert (refused.status_code, [fault["path"] for fault in refused.json()["faults"]]) == (422, paths)
    dry = post(writer, {"from": 1, "plan": {"gone": "short"}}, f"{API}?dry_run=true")
    assert (dry.status_code, [fault["path"] for fault in dry.json()["faults"]]) == (200, paths)
    assert post(writer, {"from": 7}).json()["faults"][0]["path"] == "from"


@pytest.mark.parametrize("body", [{}, {"from": "1"}, {"from": 1, "plan": {"a": 1}}, {"from": 1, "x": 1}, []])
def test_the_api_refuses_what_is_no_plan(key: Key, body: Any) -> None:
    assert post(key("campaigns:write"), body).status_code == 400
    assert started() == []


def test_the_api_moves_nobody_without_the_right_or_in_another_tenant(key: Key, worker: psycopg.Connection) -> None:
    wanted = {"from": 1, "plan": {"long": "short"}}
    assert post(key("campaigns:read"), wanted).status_code == 403
    id = post(key("campaigns:write"), wanted).json()["id"]
    stranger = key("campaigns:write", "campaigns:read", tenant=ZETA)
    assert all(move["id"] != id for move in stranger.get(API).json()["moves"])
    assert stranger.post(f"{API}/{id}/undo").status_code == 404
    assert stranger.post(f"{API}/x/undo").status_code == 404
    assert post(stranger, wanted, "/api/v1/campaigns/none/moves").status_code == 404
    finish(worker)
    assert resting(worker, ZETA) == [(1, "long")] * 2
