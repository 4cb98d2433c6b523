"""POST /api/v1/events while there is no room: 429 that names exactly what was refused, and when to come again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest
import redis
from django.db import connection
from django.utils import timezone

from campaigns.models import ApiKey
from campaigns.tenancy import tenant_context
from engine import enqueue
from engine.lanes import Cost, lanes
from tests.integration.campaigns.shops import Shop, broker_down, open_shop

FULL_DISK = """
CREATE FUNCTION pg_temp_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
"""


@pytest.fixture
def whale(clean: None) -> Shop:
    return open_shop("whale")


@pytest.fixture
def minnow(clean: None) -> Shop:
    return open_shop("minnow")


@contextmanager
def full_broker(valkey: redis.Redis) -> Iterator[None]:
    """Redis at its maxmemory refuses whatever needs memory."""
    valkey.config_set("maxmemory", 1)
    try:
        yield
    finally:
        valkey.config_set("maxmemory", 0)


@contextmanager
def full_disk(*tables: str) -> Iterator[None]:
    """PostgreSQL answers every write to these tables as it does when its disk is full."""
    with psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True) as owner:
        owner.execute(FULL_DISK)
        for table in tables:
            owner.execute(
                f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION pg_temp_full()"
            )
        try:
            yield
        finally:
            owner.execute("DROP FUNCTION pg_temp_full CASCADE")


def notes(*ids: str) -> bytes:
    """One of each lead."""
    return msgspec.json.encode([{"id": id, "lead": id, "type": "note"} for id in ids])


def retries(answer: Any) -> list[str]:
    return [event["id"] for event in answer.json()["events"] if event.get("retry")]


def test_when_redis_and_the_disk_are_full_all_are_refused_by_name_and_later_accepted(
    whale: Shop, minnow: Shop, valkey: redis.Redis
) -> None:
    assert whale.post(notes("before")).status_code == minnow.post(notes("before")).status_code == 202

    with full_broker(valkey), full_disk("engine_spill", "engine_lanemode"):
        answers = [shop.post(notes("a", "b")) for shop in (whale, minnow)]

    for answer in answers:
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
        assert (answer.json()["accepted"], retries(answer)) == (0, ["a", "b"])
    assert whale.post(notes("a", "b")).status_code == 202  # there is room again
    assert sorted(event.id for event in whale.waiting()) == ["a", "b", "before"]
    assert [event.id for event in minnow.waiting()] == ["before"]
    assert whale.spilled() == minnow.spilled() == []


def test_a_full_disk_refuses_those_that_would_be_spilled_only(whale: Shop, minnow: Shop) -> None:
    """Lanes in spill mode, of a Redis that has room."""
    lane = enqueue.lane_of("deep", 16)
    lanes().tell_modes([("whale", lane, True, 0)])
    assert enqueue.lane_of("other", 16) != lane

    with full_disk("engine_spill", "engine_lanemode"):
        answer = whale.post(notes("deep", "other"))
        assert minnow.post(notes("deep", "other")).status_code == 202

    assert answer.status_code == 429
    assert (answer.json()["accepted"], retries(answer)) == (1, ["deep"])
    assert [event.id for event in whale.waiting()] == ["other"]


def test_a_key_works_though_its_use_cannot_be_noted(whale: Shop, minnow: Shop) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    with tenant_context("whale"):
        ApiKey.objects.update(last_used_at=long_ago)

    with full_disk("campaigns_apikey"):
        assert whale.post(notes("a")).status_code == 202

    with tenant_context("whale"):
        assert ApiKey.objects.get().last_used_at == long_ago
    assert [event.id for event in whale.waiting()] == ["a"]
    assert minnow.waiting() == []


def test_what_redis_may_have_taken_is_not_called_refused(
    whale: Shop, minnow: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It did not answer: perhaps it has them."""
    with broker_down(monkeypatch), full_disk("engine_spill", "engine_lanemode"):
        answers = [shop.post(notes("a")) for shop in (whale, minnow)]

    for answer in answers:
        assert (answer.status_code, answer.json()["error"]) == (503, "broker_down")
        assert "Retry-After" in answer.headers


def test_without_free_connections_it_is_503_and_nothing_is_accepted(
    whale: Shop, minnow: Shop, valkey: redis.Redis, servers: Any
) -> None:
    connection.close()
    with psycopg.connect(servers.postgres_url, autocommit=True) as superuser:
        superuser.execute("ALTER ROLE fairlane_app CONNECTION LIMIT 0")
        try:
            answers = [shop.post(notes("a")) for shop in (whale, minnow)]
        finally:
            superuser.execute("ALTER ROLE fairlane_app CONNECTION LIMIT -1")

    for answer in answers:
        assert (answer.status_code, answer.json()["error"]) == (503, "database_down")
        assert "Retry-After" in answer.headers
    assert whale.waiting() == minnow.waiting() == []


@pytest.mark.parametrize(("seconds", "retry_after"), [(0.0001, "1"), (7.5, "15"), (100.0, "60")])
def test_who_was_refused_comes_again_when_a_worker_has_had_the_time(
    whale: Shop, minnow: Shop, monkeypatch: pytest.MonkeyPatch, seconds: float, retry_after: str
) -> None:
    """As each event was measured to cost so much; within bounds."""
    whale.post(notes("a"))
    minnow.post(notes("a"))
    lanes().lease("bundle-1", "node:1", "default")
    lanes().settle("bundle-1", [], {"whale": Cost(seconds, 1), "minnow": Cost(0.1, 1)})
    settings = lanes().settings
    monkeypatch.setattr(lanes(), "settings", type(settings)(**(vars(settings) | {"lane_limit": 1, "spill_limit": 0})))

    answer = whale.post(notes("a", "a"))

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, retry_after)


@pytest.mark.parametrize(("rate", "state", "retry_after"), [(0.2, "active", "10"), (0.0, "paused", "60")])
def test_who_was_refused_comes_again_when_the_tenant_may_go_on(
    whale: Shop, minnow: Shop, monkeypatch: pytest.MonkeyPatch, rate: float, state: str, retry_after: str
) -> None:
    """Two events at 0.2 a second; a pause ends nobody knows when."""
    lanes().configure("whale", 1, 0, "default", rate, state)
    settings = lanes().settings
    monkeypatch.setattr(lanes(), "settings", type(settings)(**(vars(settings) | {"lane_limit": 1, "spill_limit": 0})))

    refused, accepted = whale.post(notes("a", "a")), minnow.post(notes("a"))

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, retry_after)
    assert accepted.status_code == 202
