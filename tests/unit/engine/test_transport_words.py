"""What people and Celery see of a bundle, and what a Celery message becomes in a lane."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from kombu.utils.json import dumps, loads

from engine.enqueue import TASK_TYPE, task_event
from engine.keeper import owner
from engine.transport import BUNDLE_TASK, bundle_message, in_words
from engine.types import decode, encode

NOTHING = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def message(kwargs: dict[str, Any], embed: dict[str, Any] = NOTHING, **headers: Any) -> dict[str, Any]:
    body = base64.b64encode(dumps(((1, 2.5), kwargs, embed)).encode()).decode()
    headers = {"id": "task-1", "task": "mail.send", "eta": None} | headers
    return {"headers": headers, "body": body, "properties": {"body_encoding": "base64"}}


def test_a_bundle_in_words_names_tenants_lanes_and_events() -> None:
    assert in_words([("whale", 0, 5), ("whale", 3, 2), ("minnow", 1, 1)]) == ("tenants=minnow,whale lanes=3 events=8")


def test_a_bundle_of_many_tenants_is_still_short() -> None:
    words = in_words([(f"tenant-{number:03}", 0, 1) for number in range(256)])

    assert words == ("tenants=tenant-000,tenant-001,tenant-002,tenant-003,tenant-004(+251) lanes=256 events=256")


def test_a_bundle_message_is_what_celery_reads() -> None:
    sent = bundle_message("bundle-1", "second", "tenants=whale lanes=1 events=1", 60)

    assert loads(base64.b64decode(sent["body"])) == [
        [],
        {"bundle": "bundle-1", "database": "second", "node": owner()},
        NOTHING,
    ]
    assert sent["headers"]["task"] == BUNDLE_TASK
    assert sent["headers"]["timelimit"] == [60, None]
    assert sent["headers"]["argsrepr"] == "tenants=whale lanes=1 events=1"


def test_a_celery_message_becomes_an_event_of_the_lead() -> None:
    made = task_event("whale", message({"tenant": "whale", "lead": "ada"}))

    assert (made.id, made.tenant, made.lead, made.type) == ("task-1", "whale", "ada", TASK_TYPE)
    assert made.data["task"] == "mail.send"


def test_arguments_come_out_of_a_lane_as_celery_wrote_them() -> None:
    when = datetime(2026, 3, 1, tzinfo=UTC)
    sent = {"lead": "ada", "rate": 0.1, "when": when}

    event = decode(encode(task_event("whale", message(sent))), "whale")

    args, kwargs, _ = loads(event.data["body"])
    assert (args, kwargs) == ([1, 2.5], sent)
    assert type(kwargs["rate"]) is float


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (message({"lead": "ada"}, eta="2026-03-01T00:00:00Z"), "mail.send: .* no eta or countdown"),
        (message({"lead": "ada"}, NOTHING | {"chain": [{"task": "x"}]}), "mail.send: .* no callbacks"),
        (message({"lead": "ada"}, NOTHING | {"callbacks": [{"task": "x"}]}), "mail.send: .* no callbacks"),
    ],
)
def test_what_a_lane_cannot_give_is_refused(refused: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        task_event("whale", refused)
