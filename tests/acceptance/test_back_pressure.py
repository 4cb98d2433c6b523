"""Promise 5. Back pressure: while workers keep up, an event goes straight to its lane and the database sees no queue
write. When they do not, or Redis is short of memory or away, events go to a persistent buffer in PostgreSQL
and are executed from there, in order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
import redis

from engine import enqueue
from engine.embedded import Servers
from engine.lanes import lanes
from engine.types import Event
from tests.acceptance.harness import Effects, Worker, register, wait_until
from tests.benchmarks import back_pressure, world
from tests.events import event

Start = Callable[..., Worker]

LANE_LIMIT = 20


@pytest.fixture(autouse=True)
def tenants(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    register("whale", "minnow")
    monkeypatch.setattr(lanes(), "settings", replace(lanes().settings, lane_limit=LANE_LIMIT))


def stream(turns: int, first: int = 0) -> list[Event]:
    """Of three leads of the whale and one of the minnow, in turns."""
    who = [("whale", "w1"), ("whale", "w2"), ("minnow", "m1"), ("whale", "w3")]
    return [event(tenant, lead, f"{lead}-{n}", n=n) for n in range(first, first + turns) for tenant, lead in who]


def push(sent: list[Event], pause: float = 0.0) -> None:
    """In pieces, as requests bring them."""
    for first in range(0, len(sent), 40):
        enqueue.push(sent[first : first + 40])
        time.sleep(pause)


def ever_spilled(effects: Effects) -> int:
    row = effects.watch.execute("SELECT coalesce(sum(last), 0) FROM engine_lanemode").fetchone()
    return int(row[0]) if row else 0


def all_direct(effects: Effects) -> bool:
    """As both sides see it."""
    waiting = effects.watch.execute("SELECT FROM engine_lanemode WHERE spill UNION ALL SELECT FROM engine_spill")
    return not waiting.fetchall() and not lanes().client.exists("{fairlane}:spill")


def test_while_workers_keep_up_the_database_sees_no_queue_write(start: Start, effects: Effects) -> None:
    start()
    sent = stream(100)

    for first in range(0, len(sent), 20):
        enqueue.push(sent[first : first + 20])
        effects.wait_for(sent[: first + 20])

    effects.check(sent)
    assert ever_spilled(effects) == 0


def test_a_burst_is_spilled_and_drains_in_order(start: Start, effects: Effects) -> None:
    sent = stream(20 * LANE_LIMIT)
    push(sent[: len(sent) // 2])
    start("anna")
    start("boris")
    push(sent[len(sent) // 2 :])
    effects.wait_for(sent)

    effects.check(sent)
    spilled = ever_spilled(effects)
    assert spilled > 10 * LANE_LIMIT
    wait_until(lambda: all_direct(effects), "lanes stay in spill mode")
    more = stream(3, first=20 * LANE_LIMIT)
    push(more)
    effects.wait_for(more)
    effects.check([*sent, *more])
    assert ever_spilled(effects) == spilled


@pytest.mark.usefixtures("maintain")
def test_events_are_accepted_while_the_broker_is_away(start: Start, effects: Effects, servers: Servers) -> None:
    sent = stream(600)
    start()
    push(sent[:800], pause=0.005)
    servers.valkey.kill()
    push(sent[800:1600], pause=0.005)
    servers.valkey.start()
    push(sent[1600:], pause=0.005)
    effects.wait_for(sent)

    effects.check(sent)
    assert ever_spilled(effects) >= 800
    wait_until(lambda: all_direct(effects), "lanes stay in spill mode")


@pytest.mark.usefixtures("maintain")
def test_what_was_accepted_last_before_the_broker_returned_is_found(
    start: Start, effects: Effects, servers: Servers
) -> None:
    """Nothing is pushed any more that could tell of it."""
    sent = stream(20)
    start()
    servers.valkey.kill()
    push(sent)
    servers.valkey.start()
    effects.wait_for(sent)

    effects.check(sent)
    wait_until(lambda: all_direct(effects), "lanes stay in spill mode")


def test_events_are_spilled_while_the_brokers_memory_is_short(
    start: Start, effects: Effects, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes(), "settings", replace(lanes().settings, lane_limit=1000))
    sent = stream(100)
    start()
    valkey.config_set("maxmemory", int(valkey.info("memory")["used_memory"] * 1.1))
    try:
        wait_until(lambda: bool(valkey.exists("{fairlane}:pressure")), "nobody feels the pressure")
        push(sent[:200])
        effects.wait_for(sent[:200])
        assert ever_spilled(effects) == 200
    finally:
        valkey.config_set("maxmemory", 0)
    wait_until(lambda: not valkey.exists("{fairlane}:pressure"), "the pressure stays")
    wait_until(lambda: all_direct(effects), "lanes stay in spill mode")
    push(sent[200:])
    effects.wait_for(sent)

    effects.check(sent)
    assert ever_spilled(effects) == 200


@pytest.mark.parametrize("started", ["before", "after"])
def test_a_full_broker_lets_the_backlog_drain(
    start: Start, effects: Effects, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch, started: str
) -> None:
    """Leases, what dies under them, retries and trims need no memory; a node that starts finds even no scripts."""
    monkeypatch.setattr(lanes(), "settings", replace(lanes().settings, lane_limit=1000))
    sent, bad = stream(60), [event("whale", "w9", "bad", "fail"), event("minnow", "m9", "killer", "exit")]
    if started == "before":
        start()
    enqueue.push([*sent[:100], *bad])
    valkey.config_set("maxmemory", 1)
    try:
        if started == "after":
            valkey.script_flush()
            start()
        push(sent[100:], pause=0.01)
        effects.wait_for(sent)
        wait_until(lambda: effects.dead() == {("whale", "bad"), ("minnow", "killer")}, "the bad are no dead letters")
        wait_until(lambda: lanes().look(0)["total"] == 0, "something is left in the lanes")
        with pytest.raises(redis.OutOfMemoryError):
            valkey.set("more", 1)
    finally:
        valkey.config_set("maxmemory", 0)

    effects.check(sent)
    assert ever_spilled(effects) == len(sent) - 100


def test_a_steady_load_writes_nothing_and_a_burst_of_ten_times_as_much_drains_in_order() -> None:
    """`make bench` in small: twelve tenants with a campaign, a node that stands still when the burst begins."""
    load = back_pressure.Load(rate=200, seconds=4, after=3, lane_limit=40, stall=3, drain_limit=120)

    result = back_pressure.run(load)

    steady, burst, after = (result.phases[name] for name in ("steady", "burst", "after"))
    assert result.faults == {}
    assert (steady.share_direct, after.share_direct) == (1, 1)
    assert steady.per_minute(steady.rows + steady.transactions) <= 300
    assert burst.sent > 5 * steady.sent and burst.spilled > 0
    assert burst.depth <= back_pressure.TENANTS * world.LANES * load.lane_limit
    assert after.p50 < burst.p50
