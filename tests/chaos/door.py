"""A door: the process that accepts events, as a web process does. A program of its own, so that it can be killed.

It reads orders from its input, one a line, and answers each on its output when it is done: a refused event is
named, an error says that nothing is known. The order may also say what shall happen to it between the steps
of a spill: `act` at `step`, with the chance `share`.

    told       Redis has said that the lanes are in spill mode, or has not answered
    locked     it holds the lanes' rows
    written    the events are in the buffer, uncommitted
    committed  Redis does not know yet
    said       Redis knows; nobody else does
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import django
import django.db
import redis

django.setup()

from engine import control, enqueue, spill  # noqa: E402
from engine.conf import conf  # noqa: E402
from engine.errors import EngineError, LaneFull  # noqa: E402
from engine.lanes import Lanes, lanes  # noqa: E402
from engine.types import Event  # noqa: E402
from tests.chaos import guards  # noqa: E402

_chance = random.Random()
_mischief: dict[str, Any] = {}

STALL_SECONDS = 0.15


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _freeze() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _stall() -> None:
    time.sleep(_chance.uniform(0, STALL_SECONDS))


ACTS: dict[str, Callable[[], None]] = {"die": _die, "freeze": _freeze, "stall": _stall}


def reach(step: str) -> None:
    """It is at this step of a spill."""
    if _mischief.get("step") == step and _chance.random() < _mischief["share"]:
        ACTS[_mischief["act"]]()


def _between(before: str, function: Callable[..., Any], after: str) -> Callable[..., Any]:
    def stepped(*args: Any, **options: Any) -> Any:
        reach(before)
        result = function(*args, **options)
        reach(after)
        return result

    return stepped


def _mute(tell: Callable[..., None]) -> Callable[..., None]:
    """Words to Redis about modes of lanes that do not arrive."""

    def tell_perhaps(self: Lanes, modes: Any) -> None:
        if _chance.random() < _mischief.get("mute", 0):
            raise redis.ConnectionError("the connection was reset")
        tell(self, modes)

    return tell_perhaps


def watch_steps() -> None:
    """From now on reach() is called at each step."""
    spill.accept = _between("told", spill.accept, "committed")
    spill._write = _between("locked", spill._write, "written")
    enqueue._tell = _between("committed", enqueue._tell, "said")
    Lanes.tell_modes = _mute(Lanes.tell_modes)  # type: ignore[method-assign]


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """Do one order, as a request is done. Nothing is known of events after an error."""
    django.db.close_old_connections()
    _mischief.clear()
    _mischief.update(order.get("mischief", {}))
    try:
        for tenant in order.get("tenants", ()):
            control.lane_count(tenant)
        _limit(**order.get("limits", {}))
        enqueue.push([_event(*row) for row in order.get("events", ())])
    except LaneFull as full:
        return {"refused": [event.id for event in full.refused]}
    except (EngineError, django.db.Error, redis.RedisError, OSError) as error:
        print(f"{datetime.now(UTC):%H:%M:%S} {error!r}", file=sys.stderr, flush=True)
        return {"error": repr(error)}
    return {"refused": []}


def _limit(**limits: int) -> None:
    """The lanes' limits for this order; those it does not name are the defaults, not the last order's."""
    lanes().settings = dataclasses.replace(conf(), **limits)


def _event(id: str, tenant: str, lead: str, type: str, data: dict[str, Any]) -> Event:
    at = datetime.now(UTC) + timedelta(seconds=data["skew"])
    return Event(
        id=id, tenant=tenant, lead=lead, type=type, accepted_at=at, occurred_at=at, data=data, source="chaos"
    )  # fmt: skip


def main() -> None:
    """Until the input ends."""
    for name in filter(None, os.environ.get("CHAOS_GUARDS_OFF", "").split(",")):
        guards.GUARDS[name]()
    watch_steps()
    print(" ready.", file=sys.stderr, flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps({"number": order["number"], **answer(order)}), flush=True)


if __name__ == "__main__":
    main()
