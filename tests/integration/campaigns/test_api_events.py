"""POST /api/v1/events and what developers read back, over the whole stack but the workers."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from campaigns import keys
from campaigns.models import ApiKey, EventType, Lead, ListMember, Owner, StaticList
from campaigns.tenancy import tenant_context
from engine.lanes import lanes
from engine.routing import lane_of
from tests.integration.campaigns.shops import LANES, Shop, both_down, broker_down, open_shop

NDJSON = "application/x-ndjson"


@pytest.fixture
def whale(clean: None) -> Shop:
    return open_shop("whale")


@pytest.fixture
def minnow(clean: None) -> Shop:
    return open_shop("minnow")


def purchase(lead: str = "ann", **changes: Any) -> dict[str, Any]:
    return {"lead": lead, "type": "purchase", "data": {"amount": "9.99"}} | changes


def send(shop: Shop, content: Any) -> Any:
    return shop.post(msgspec.json.encode(content))


def test_one_event_is_accepted_into_its_tenants_lanes(whale: Shop, minnow: Shop) -> None:
    answer = whale.post(
        b'{"id":"o-1","lead":"ann","type":"purchase","occurred_at":"1997-01-01T00:00:00+01:00",'
        b'"data":{"amount":11.70,"cds":2}}'
    )

    assert answer.status_code == 202
    assert answer.json() == {"accepted": 1, "refused": 0, "events": [{"id": "o-1", "status": "accepted"}]}
    (event,) = whale.waiting()
    assert (event.id, event.lead, event.type, event.source) == ("o-1", "ann", "purchase", "api")
    assert event.occurred_at.isoformat() == "1996-12-31T23:00:00+00:00"
    assert event.data == {"amount": Decimal("11.70"), "cds": 2}
    assert str(event.data["amount"]) == "11.70"
    assert minnow.waiting() == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'[{"lead":"a","type":"note"},{"lead":"b","type":"note"}]'),
        ("application/json; charset=utf-8", b'{"events":[{"lead":"a","type":"note"},{"lead":"b","type":"note"}]}'),
        (NDJSON, b'{"lead":"a","type":"note"}\r\n\n{"lead":"b","type":"note"}'),
        ("application/jsonl", b'{"lead":"a","type":"note"}\n{"lead":"b","type":"note"}\n'),
    ],
)
def test_many_events_come_in_each_form(whale: Shop, minnow: Shop, content_type: str, body: bytes) -> None:
    answer = whale.post(body, content_type)

    assert answer.status_code == 202, answer.content
    assert answer.json()["accepted"] == 2
    assert sorted(event.lead for event in whale.waiting()) == ["a", "b"]
    assert minnow.waiting() == []


def test_events_of_one_lead_keep_their_order(whale: Shop) -> None:
    send(whale, [purchase(id=str(number)) for number in range(50)])

    assert [event.id for event in whale.waiting()] == [str(number) for number in range(50)]


def test_ids_are_made_where_there_are_none_and_rise(whale: Shop) -> None:
    first = send(whale, purchase()).json()["events"][0]["id"]
    second = send(whale, purchase()).json()["events"][0]["id"]

    assert first[14] == second[14] == "7"
    assert first[:13] <= second[:13]
    assert first != second


def test_ids_and_leads_may_hold_signs_and_spaces(whale: Shop, minnow: Shop) -> None:
    odd = "*:{x} a|b.7\u2028é€😀 %s t.minnow.0"

    answer = send(whale, purchase(odd, id=odd))

    assert answer.status_code == 202, answer.content
    assert [(event.id, event.lead) for event in whale.waiting()] == [(odd, odd)]
    assert minnow.waiting() == []


def test_good_events_are_accepted_beside_bad_ones_of_which_nothing_is_kept(whale: Shop) -> None:
    answer = send(whale, [purchase(id="good"), purchase(id="bad", data={"amount": "much"}), {"lead": "x"}])

    assert answer.status_code == 202
    content = answer.json()
    assert (content["accepted"], content["refused"]) == (1, 2)
    assert content["events"][0] == {"id": "good", "status": "accepted"}
    assert content["events"][1]["index"] == 1
    assert content["events"][1]["id"] == "bad"
    assert content["events"][1]["status"] == "refused"
    assert content["events"][1]["reasons"][0].startswith("data.amount: ")
    assert content["events"][2]["reasons"][0].startswith("type: ")
    assert [event.id for event in whale.waiting()] == ["good"]


def test_all_refused_is_422(whale: Shop) -> None:
    answer = send(whale, [purchase(lead=None), purchase(type="nonsense")])

    assert answer.status_code == 422
    assert answer.json()["error"] == "all_refused"
    assert whale.waiting() == []


def test_the_other_tenants_event_types_are_unknown(whale: Shop, minnow: Shop) -> None:
    with tenant_context("minnow"):
        EventType.objects.create(tenant_id="minnow", name="secret_thing", label="Secret", open=True)

    answer = send(whale, {"lead": "a", "type": "secret_thin"})

    assert answer.status_code == 422
    assert "secret_thing" not in answer.content.decode()
    assert send(minnow, {"lead": "a", "type": "secret_thing"}).status_code == 202


def test_an_event_type_made_a_moment_ago_is_known(whale: Shop) -> None:
    assert send(whale, {"lead": "a", "type": "refund"}).status_code == 422
    with tenant_context("whale"):
        EventType.objects.create(tenant_id="whale", name="refund", label="Refund")

    assert send(whale, {"lead": "a", "type": "refund"}).status_code == 202


@pytest.mark.parametrize("kind", ["lead.created", "field.changed", "celery.task", "campaign.requested"])
def test_events_that_arise_inside_are_refused_and_requests_need_their_campaign(whale: Shop, kind: str) -> None:
    answer = send(whale, {"lead": "a", "type": kind, "data": {"campaign": "none", "field": "stage"}})

    assert answer.status_code == 422
    assert whale.waiting() == []


def test_the_past_is_without_limit_and_the_future_a_day(whale: Shop) -> None:
    now = timezone.now()
    times = ["0001-01-01T00:00:00Z", (now + timedelta(hours=23)).isoformat()]
    late = [(now + timedelta(hours=25)).isoformat(), "9999-12-31T23:59:59Z", "2026-01-01T00:00:00", 17, ""]

    answer = send(whale, [purchase(occurred_at=at) for at in times + late])

    assert [event["status"] for event in answer.json()["events"]] == ["accepted"] * 2 + ["refused"] * 5


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer nonsense", "Basic YTpi", "Bearer fl_live_aaaaaaaa_" + "a" * 43, "Bearer " + "x" * 100_000],
)
def test_without_a_valid_key_the_answer_is_401(whale: Shop, header: str) -> None:
    headers = {"authorization": header} if header else {}
    answer = Client(headers=headers).post("/api/v1/events", data=b"{}", content_type="application/json")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["error"] in ("no_key", "invalid_key")
    assert answer.json()["message"]


def test_revoked_and_expired_keys_are_401_at_once(whale: Shop, minnow: Shop) -> None:
    assert send(whale, purchase()).status_code == 202
    with tenant_context("whale"):
        keys.revoke(ApiKey.objects.get(), timezone.now())
    _, expired = keys.issue("whale", name="old", expires_at=timezone.now() - timedelta(seconds=1))

    assert send(whale, purchase()).status_code == 401
    assert send(Shop("whale", expired), purchase()).status_code == 401
    assert send(minnow, purchase()).status_code == 202


def test_a_key_without_the_scope_is_403(whale: Shop) -> None:
    _, reader = keys.issue("whale", name="reader", scopes=["leads:read"])
    _, writer = keys.issue("whale", name="writer", scopes=["events:write"])

    assert send(Shop("whale", reader), purchase()).json()["error"] == "missing_scope"
    assert send(Shop("whale", reader), purchase()).status_code == 403
    assert Shop("whale", writer).get("leads/ann").status_code == 403


def test_last_use_is_noted_at_most_once_a_minute(whale: Shop) -> None:
    def last_used() -> Any:
        with tenant_context("whale"):
            return ApiKey.objects.get().last_used_at

    send(whale, purchase())
    first = last_used()
    send(whale, purchase())

    assert first is not None
    assert last_used() == first


def test_while_the_broker_is_down_events_are_accepted_into_the_buffer(
    whale: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broker_down(monkeypatch):
        answer = send(whale, [purchase("ann", id="a"), purchase("ann", id="b")])

    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert [event.id for event in whale.spilled()] == ["a", "b"]
    assert whale.waiting() == []


def test_the_broker_and_the_buffer_being_down_is_503(whale: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with both_down(monkeypatch):
        answer = send(whale, purchase())

    assert answer.status_code == 503
    assert answer.json()["error"] == "broker_down"
    assert answer.headers["Retry-After"] == "2"


def test_a_deep_lane_goes_to_the_buffer(whale: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes(), "settings", dataclasses.replace(lanes().settings, lane_limit=3))
    send(whale, [purchase("ann"), purchase("ann")])

    answer = send(whale, [purchase("ann", id="a"), purchase("ann", id="b"), *others_of_other_lanes()])

    assert answer.status_code == 202
    assert [event.id for event in whale.spilled()] == ["a", "b"]
    assert len(whale.waiting()) == 3


def test_a_full_lane_is_429_that_names_the_refused(whale: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = lanes().settings
    monkeypatch.setattr(lanes(), "settings", type(settings)(**(vars(settings) | {"lane_limit": 3, "spill_limit": 0})))
    send(whale, [purchase("ann"), purchase("ann")])

    answer = send(whale, [purchase("ann", id="a"), purchase("ann", id="b"), *others_of_other_lanes()])

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "5"  # nobody has worked yet
    content = answer.json()
    assert [event["id"] for event in content["events"] if event.get("retry")] == ["a", "b"]
    assert content["accepted"] == 1
    assert len(whale.waiting()) == 3


def others_of_other_lanes() -> list[dict[str, Any]]:
    name = next(str(n) for n in range(100) if lane_of(str(n), LANES) != lane_of("ann", LANES))
    return [purchase(name, id="elsewhere")]


def test_more_events_than_allowed_is_413(whale: Shop, settings: Any) -> None:
    settings.MAX_EVENTS_PER_REQUEST = 3
    line = msgspec.json.encode(purchase()) + b"\n"

    for answer in (whale.post(line * 4, NDJSON), send(whale, [purchase()] * 4)):
        assert answer.status_code == 413
        assert answer.json()["error"] == "too_many_events"
    assert whale.post(line * 3, NDJSON).status_code == 202
    assert len(whale.waiting()) == 3


def test_a_thousand_events_need_no_more_queries_than_one(whale: Shop, django_assert_max_num_queries: Any) -> None:
    send(whale, purchase())

    with django_assert_max_num_queries(4):  # the key is looked up in its own short transaction
        send(whale, [purchase(str(number)) for number in range(1000)])


def test_a_lead_can_be_read_by_its_own_tenant_only(whale: Shop, minnow: Shop) -> None:
    with tenant_context("whale"):
        owner = Owner.objects.create(tenant_id="whale", email="o@x.example", name="O")
        fields = {"total": "11.70", "orders": 3, "gone": "x"}
        lead = Lead.objects.create(
            tenant_id="whale", key="a/b c", email="a@x.example", owner=owner, stage="vip", score=7,
            tags=["z", "a"], fields=fields,
        )  # fmt: skip
        ListMember.objects.create(tenant_id="whale", lead=lead, list=StaticList.objects.get())

    answer = whale.get("leads/a%2Fb%20c")

    assert answer.status_code == 200
    content = answer.json()
    assert content["fields"] == {"total": "11.70", "orders": 3}
    assert (content["owner"], content["stage"], content["score"]) == ("o@x.example", "vip", 7)
    assert (content["tags"], content["lists"], content["company"]) == (["a", "z"], ["vips"], None)
    assert minnow.get("leads/a%2Fb%20c").status_code == 404
    assert minnow.get("leads/a%2Fb%20c/activities").status_code == 404


def test_activities_come_newest_first_a_hundred_at_a_time(whale: Shop, minnow: Shop) -> None:
    with tenant_context("whale"):
        lead = Lead.objects.create(tenant_id="whale", key="ann")
        stranger = Lead.objects.create(tenant_id="whale", key="bob")
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO campaigns_activity (tenant_id, lead_id, occurred_at, kind, event_key, data)"
                " SELECT 'whale', lead, now(), 'purchase', gen_random_uuid(), json_build_object('n', n)"
                " FROM generate_series(1, 150) AS n, unnest(%s) AS lead",
                [[lead.id, stranger.id]],
            )

    first = whale.get("leads/ann/activities").json()
    second = whale.get("leads/ann/activities", before=str(first["before"])).json()

    assert [row["data"]["n"] for row in first["activities"]] == list(range(150, 50, -1))
    assert [row["data"]["n"] for row in second["activities"]] == list(range(50, 0, -1))
    assert second["before"] is None
    assert minnow.get("leads/ann/activities").status_code == 404


@pytest.mark.parametrize("before", ["0", "-1", "x", "1.5", "9" * 19, "9" * 5000, "\x00", "٣", "cD0lMDA="])
def test_a_forged_place_in_the_activities_is_400(whale: Shop, before: str) -> None:
    with tenant_context("whale"):
        Lead.objects.create(tenant_id="whale", key="ann")

    assert whale.get("leads/ann/activities", before=before).status_code == 400


@pytest.mark.parametrize("path", ["leads/%00", "leads/a%00b/activities", "leads/" + "x" * 300, "leads/", "nothing", ""])
def test_what_does_not_exist_is_404_in_json(whale: Shop, path: str) -> None:
    answer = whale.get(path)

    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"


def test_other_methods_are_405_in_json(whale: Shop) -> None:
    answer = whale.get("events")

    assert answer.status_code == 405
    assert answer.json()["error"] == "method_not_allowed"


def test_health_says_who_is_not_there(clean: None, settings: Any) -> None:
    assert Client().get("/livez").json() == {"status": "ok"}
    assert Client().get("/readyz").json() == {"database": "ok", "broker": "ok"}

    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert json.loads(answer.content) == {"database": "ok", "broker": "ConnectionError"}
