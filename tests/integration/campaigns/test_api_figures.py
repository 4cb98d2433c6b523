"""GET /api/v1/engine/figures and /metrics: for operators, and for nobody else."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from engine import figures
from tests.integration.campaigns.shops import Shop, broker_down, open_shop
from tests.integration.campaigns.world import PASSWORD, logged_in

TOKEN = "a token for tests"
FIGURES, METRICS = "/api/v1/engine/figures", "/metrics"


@pytest.fixture(autouse=True)
def token(settings: Any) -> None:
    settings.OPERATOR_TOKEN = TOKEN


@pytest.fixture
def shops(clean: None) -> tuple[Shop, Shop]:
    return open_shop("whale"), open_shop("minnow")


def post(shop: Shop, count: int) -> None:
    lines = "\n".join(f'{{"lead":"{n}","type":"note"}}' for n in range(count))
    assert shop.post(lines.encode(), "application/x-ndjson").status_code == 202


def ask(path: str, token: str = TOKEN) -> Any:
    return Client(headers={"authorization": f"Bearer {token}"}).get(path)


def test_operators_see_what_waits_where(
    shops: tuple[Shop, Shop], worker_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whale, minnow = shops
    figures.note(worker_connection)
    before = ask(FIGURES).json()
    post(whale, 30)
    post(minnow, 4)
    with broker_down(monkeypatch):
        post(minnow, 6)
    worker_connection.commit()
    figures.note(worker_connection)

    answer = ask(FIGURES)

    assert answer.status_code == 200
    content = answer.json()
    waiting = {one["tenant"]: (one["direct"], one["spilled"]) for one in content["tenants"]}
    assert waiting == {"whale": (30, 0), "minnow": (4, 6)}
    assert all(0 <= one["oldest_seconds"] < 60 for one in content["tenants"])
    assert (content["direct"], content["spilled"] - before["spilled"]) == (34, 6)
    assert content["queue_transactions"] - before["queue_transactions"] == 1


def test_prometheus_reads_the_same(shops: tuple[Shop, Shop], worker_connection: psycopg.Connection) -> None:
    whale, minnow = shops
    post(whale, 30)
    post(minnow, 4)
    figures.note(worker_connection)

    answer = ask(METRICS)

    assert answer["Content-Type"].startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(answer.content.decode())}
    waiting = families["fairlane_waiting_events"].samples
    assert {(one.labels["tenant"], one.labels["where"]): one.value for one in waiting} == {
        ("whale", "direct"): 30, ("whale", "spilled"): 0, ("minnow", "direct"): 4, ("minnow", "spilled"): 0,
    }  # fmt: skip
    (direct,) = families["fairlane_events_direct"].samples
    assert (direct.name, direct.value) == ("fairlane_events_direct_total", 34)
    assert {one.labels["tenant"] for one in families["fairlane_oldest_waiting_seconds"].samples} == {"whale", "minnow"}


@pytest.mark.parametrize("path", [FIGURES, METRICS])
def test_nobody_else_does(shops: tuple[Shop, Shop], path: str, settings: Any) -> None:
    """Neither a tenant's key nor a marketer, and without a token in the settings no token at all."""
    User.objects.create_user("ann", password=PASSWORD, is_staff=True)
    User.objects.create_superuser("olga", password=PASSWORD)

    assert ask(path).status_code == logged_in("olga").get(path).status_code == 200
    for answer in (Client().get(path), ask(path, shops[0].key), ask(path, ""), logged_in("ann").get(path)):
        assert answer.status_code == 401
        assert "whale" not in answer.content.decode()
    assert ask(path, TOKEN + "x").status_code == 401
    assert Client(headers={"authorization": f"Bearer {TOKEN}"}).post(path).status_code == 405
    settings.OPERATOR_TOKEN = ""
    assert ask(path, "").status_code == ask(path).status_code == 401


def test_without_the_broker_it_says_so(shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = OSError("nobody answers")

    def refuse(*_: object) -> None:
        raise nobody

    monkeypatch.setattr("engine.lanes.Lanes.figures", refuse)

    assert ask(FIGURES).status_code == ask(METRICS).status_code == 503
