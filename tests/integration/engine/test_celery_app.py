"""The Celery app: where messages go, what it refuses, what Flower sees of the broker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import redis
from celery import Task
from kombu import Connection
from kombu.exceptions import ContentDisallowed

from engine import conf as engine_conf
from engine import control, enqueue
from engine.celery import app, broker_url, route
from engine.enqueue import TASK_TYPE
from engine.errors import LaneFull
from engine.lanes import lanes
from engine.routing import lane_of
from engine.types import decode
from tests.acceptance.harness import register
from tests.events import event

LANES = 16


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    control._lane_counts.clear()
    register("whale", "minnow")


@pytest.fixture
def task() -> Iterator[Task]:
    """A task of this test only."""

    @app.task(name="tests.remember", shared=False)
    def remember(**_: object) -> None:
        """Nothing: it is never run here."""

    yield remember
    app.tasks.unregister("tests.remember")


def test_a_task_with_tenant_and_lead_is_routed_to_the_leads_lane() -> None:
    for tenant in ("whale", "minnow"):
        routed = route("any", (), {"tenant": tenant, "lead": 17}, {})

        assert routed is not None
        assert (routed["queue"].name, routed["declare"]) == (f"t.{tenant}.{lane_of('17', LANES)}", [])


@pytest.mark.parametrize("kwargs", [None, {}, {"tenant": "whale"}, {"lead": "ada"}, {"tenant": None, "lead": "ada"}])
def test_any_other_task_is_left_alone(kwargs: dict[str, object] | None) -> None:
    assert route("any", (), kwargs, {}) is None


def test_an_unknown_tenant_is_refused_where_the_task_is_sent(task: Task) -> None:
    with pytest.raises(ValueError, match="no tenant 'stranger'"):
        task.apply_async(kwargs={"tenant": "stranger", "lead": "ada"})


def test_a_routed_task_is_an_event_in_its_lane_and_celery_remembers_no_queue(task: Task, valkey: redis.Redis) -> None:
    task.apply_async(kwargs={"tenant": "whale", "lead": "ada", "n": 1})
    task.apply_async(kwargs={"n": 2})

    (line,) = valkey.lrange(f"{{fairlane}}:t.whale.{lane_of('ada', LANES)}", 0, -1)
    sent = decode(line, "whale")
    assert (sent.type, sent.lead, sent.data["task"]) == (TASK_TYPE, "ada", "tests.remember")
    assert valkey.llen("celery") == 1
    assert not any(queue.startswith("t.") for queue in app.amqp.queues)
    assert not list(valkey.scan_iter("_kombu.binding.*t.*"))


def test_a_task_for_a_full_lane_is_refused_not_lost(
    task: Task, monkeypatch: pytest.MonkeyPatch, valkey: redis.Redis
) -> None:
    small = engine_conf.EngineConf(redis_url=os.environ["REDIS_URL"], lane_limit=1, spill_limit=0)
    monkeypatch.setattr(lanes(), "settings", small)
    task.apply_async(kwargs={"tenant": "whale", "lead": "ada"})

    with pytest.raises(LaneFull):
        task.apply_async(kwargs={"tenant": "whale", "lead": "ada"})

    task.apply_async(kwargs={"tenant": "minnow", "lead": "ada"})


def test_a_task_that_shall_wait_is_refused_by_a_lane(task: Task) -> None:
    with pytest.raises(ValueError, match="no eta or countdown"):
        task.apply_async(kwargs={"tenant": "whale", "lead": "ada"}, countdown=5)


def test_pushing_tells_all_events_that_were_refused_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those it did not come to: else a producer would believe they were accepted."""
    small = engine_conf.EngineConf(redis_url=os.environ["REDIS_URL"], lane_limit=3, spill_limit=0)
    monkeypatch.setattr(lanes(), "settings", small)
    monkeypatch.setattr(enqueue, "CHUNK_EVENTS", 4)
    whale = [event("whale", "ada", f"a{n}") for n in range(5)]
    minnow = [event("minnow", "bob", f"b{n}") for n in range(4)]

    with pytest.raises(LaneFull) as refused:
        enqueue.push([*whale[:3], minnow[0], whale[3], *minnow[1:3], whale[4], minnow[3]])

    accepted = [decode(line, "").id for line in _lines("whale", "ada") + _lines("minnow", "bob")]
    assert accepted == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert [one.id for one in refused.value.refused] == ["a3", "a4", "b3"]


def _lines(tenant: str, lead: str) -> list[bytes]:
    return lanes().client.lrange(f"{{fairlane}}:t.{tenant}.{lane_of(lead, LANES)}", 0, -1)


def test_the_size_of_a_lane_is_seen_as_a_queues(task: Task) -> None:
    task.apply_async(kwargs={"tenant": "whale", "lead": "ada"})
    queue = f"t.whale.{lane_of('ada', LANES)}"

    with app.connection_for_write() as connection, connection.channel() as channel:
        assert channel.queue_declare(queue).message_count == 1


def test_a_pickled_message_is_refused(valkey: redis.Redis) -> None:
    """The broker may be written by others: nothing but JSON is ever decoded."""
    with app.connection_for_write() as connection:
        queue = connection.SimpleQueue("celery", serializer="pickle")
        queue.put({"any": "thing"})
        queue.close()
        with app.connection_for_read() as reader, reader.channel() as channel:
            got = app.amqp.TaskConsumer(channel, accept=app.conf.accept_content)
            message = got.queues[0].bind(channel).get(accept=app.conf.accept_content)

    assert message is not None
    with pytest.raises(ContentDisallowed):
        message.decode()


def test_the_app_is_json_only_and_keeps_no_results() -> None:
    assert (app.conf.accept_content, app.conf.task_serializer) == (["json"], "json")
    assert app.conf.result_backend is None


def test_flower_and_others_see_redis() -> None:
    """Flower chooses its view of the broker by the scheme; the password is never shown."""
    url = broker_url("redis://:secret@127.0.0.1:6379/3")

    connection = Connection(url)

    assert connection.as_uri() == "redis://:**@127.0.0.1:6379/3"
    assert connection.transport.driver_type == "redis"
    assert type(connection.transport).__module__ == "engine.transport"
    assert type(connection.clone().transport).__module__ == "engine.transport"


def test_an_encrypted_broker_is_spoken_to_encrypted() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "from engine.celery import app; print(app.connection_for_write().ssl)"],
        env=os.environ | {"REDIS_URL": "rediss://:secret@127.0.0.1:6379/3"},
        capture_output=True,
        text=True,
    )

    assert shown.stdout == "{'ssl_cert_reqs': 'required'}\n", shown.stderr


@pytest.mark.parametrize(
    "share", [{"weight": 0}, {"weight": -1}, {"weight": float("nan")}, {"cap": -1}, {"lane_count": 0}]
)
def test_a_share_that_cannot_be_is_refused(share: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"a (weight|tenant)"):
        control.register("perch", **share)  # type: ignore[arg-type]
