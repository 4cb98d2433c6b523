"""Each invariant of the lanes, broken from outside: found, repaired, counted, and everything is executed in order."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import psycopg
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import control, enqueue, reconciler
from engine.lanes import LaneOutcome, Lanes, lanes
from engine.reconciler import Reconciler
from engine.routing import lane_of
from engine.types import Event
from tests.acceptance.harness import register
from tests.events import events
from tests.integration.engine.bundles import effects
from tests.integration.engine.conftest import PREFIX
from tests.integration.engine.spilling import Node, by_lead, let_waits_end, limit

pytestmark = [pytest.mark.usefixtures("effects"), pytest.mark.breaks_lanes]

LANES = 3
_serial = itertools.count()


class Stage(NamedTuple):
    """Two tenants with lanes in every state: (tenant, lane) each."""

    sent: list[Event]
    suspected: tuple[str, int]
    aside: tuple[str, int]
    leased: tuple[str, int]
    ready: tuple[str, int]
    bundle: str  #: that leased it


@pytest.fixture(autouse=True)
def two_tenants(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    control._lane_counts.clear()
    register("whale", "minnow")
    for tenant in ("whale", "minnow"):
        monkeypatch.setitem(control._lane_counts, tenant, LANES)
    limit(monkeypatch, bundle_lanes=1)


@pytest.fixture
def shard() -> Reconciler:
    return Reconciler(lanes(), "test")


def leads(number: int) -> list[str]:
    """One lead a lane."""
    names = (f"{number}lead{n}" for n in itertools.count())
    found: dict[int, str] = {}
    while len(found) < LANES:
        name = next(names)
        found.setdefault(lane_of(name, LANES), name)
    return list(found.values())


def set_the_stage() -> Stage:
    """As production might be seen at some moment."""
    lanes().client.flushdb()
    number = next(_serial)
    sent = [one for tenant in ("whale", "minnow") for lead in leads(number) for one in events(tenant, lead, 4)]
    enqueue.push(sent)
    suspected = lease(f"{number}-died")
    lanes().fetch(f"{number}-died")
    lanes().release([f"{number}-died"], blame=True)
    aside = lease_another(f"{number}-waits", {suspected})
    lanes().settle(f"{number}-waits", [LaneOutcome(*aside, 0, wait=60.0)], {})
    leased = lease_another(f"{number}-live", {suspected})
    (ready, *_) = {(one.tenant, lane_of(one.lead, LANES)) for one in sent} - {suspected, aside, leased}
    return Stage(sent, suspected, aside, leased, ready, f"{number}-live")


def lease(bundle: str) -> tuple[str, int]:
    ((tenant, lane, _),) = lanes().lease(bundle, "node:1", "default")
    return tenant, lane


def lease_another(bundle: str, but: set[tuple[str, int]]) -> tuple[str, int]:
    """The lane under suspicion is the next one by right."""
    place = lease(bundle)
    if place not in but:
        return place
    other = lease(bundle + "-")
    lanes().release([bundle], blame=False)
    lanes().client.rename(f"{PREFIX}bundle:{bundle}-", f"{PREFIX}bundle:{bundle}")
    lanes().client.zadd(f"{PREFIX}bundles", {bundle: time.time() * 1000 + 15_000})
    lanes().client.zrem(f"{PREFIX}bundles", bundle + "-")
    lanes().client.hset(f"{PREFIX}work:{other[0]}", str(other[1]), bundle)
    return other


def name(place: tuple[str, int]) -> str:
    return f"{place[0]}|{place[1]}"


Break = Callable[[redis.Redis, Stage], object]

#: What is done to Redis -> the invariant that it breaks.
BREAKS: dict[str, tuple[str, Break]] = {
    "no lane of a tenant is ready": ("stranded", lambda r, s: r.delete(f"{PREFIX}ready:{s.ready[0]}")),
    "a lane is not ready": ("stranded", lambda r, s: r.zrem(f"{PREFIX}ready:{s.ready[0]}", s.ready[1])),
    "a lane is not set aside": ("stranded", lambda r, s: r.zrem(f"{PREFIX}later", name(s.aside))),
    "a leased lane is ready": ("doubled", lambda r, s: r.zadd(f"{PREFIX}ready:{s.leased[0]}", {s.leased[1]: 1})),
    "a leased lane is set aside": ("doubled", lambda r, s: r.zadd(f"{PREFIX}later", {name(s.leased): 1e15})),
    "a lane set aside is ready": ("doubled", lambda r, s: r.zadd(f"{PREFIX}ready:{s.aside[0]}", {s.aside[1]: 1})),
    "an empty lane is ready": ("hollow", lambda r, s: r.zadd(f"{PREFIX}ready:whale", {"77": 1})),
    "an idle tenant has a ready lane": ("hollow", lambda r, s: r.zadd(f"{PREFIX}ready:nobody", {"0": 1})),
    "an empty lane is set aside": ("hollow", lambda r, s: r.zadd(f"{PREFIX}later", {"whale|77": 1e15})),
    "nonsense is set aside": ("hollow", lambda r, s: r.zadd(f"{PREFIX}later", {"?": 1e15})),
    "a lane is held by nobody": ("orphaned", lambda r, s: r.hset(f"{PREFIX}work:{s.ready[0]}", s.ready[1], "none")),
    "a lane is held by another": ("orphaned", lambda r, s: r.hset(f"{PREFIX}work:{s.ready[0]}", s.ready[1], s.bundle)),
    "a bundle lost its lane": ("stranded", lambda r, s: r.hdel(f"{PREFIX}work:{s.leased[0]}", s.leased[1])),
    "a bundle is gone": ("leases", lambda r, s: r.delete(f"{PREFIX}bundle:{s.bundle}")),
    "a bundle holds nothing": ("leases", lambda r, s: r.hdel(f"{PREFIX}bundle:{s.bundle}", "lanes")),
    "a lease never ends": ("leases", lambda r, s: r.zrem(f"{PREFIX}bundles", s.bundle)),
    "a lease is too long": ("overlong", lambda r, s: r.zadd(f"{PREFIX}bundles", {s.bundle: 1e15})),
    "the ring is gone": ("misplaced", lambda r, s: r.delete(f"{PREFIX}ring:default")),
    "a tenant is not in the ring": ("misplaced", lambda r, s: r.zrem(f"{PREFIX}ring:default", s.ready[0])),
    "an idle tenant is in the ring": ("misplaced", lambda r, s: r.zadd(f"{PREFIX}ring:default", {"nobody": 0})),
    "an idle tenant is away": ("misplaced", lambda r, s: r.zadd(f"{PREFIX}away:default", {"nobody": 0})),
    "a tenant is in the ring and away": (
        "misplaced",
        lambda r, s: r.zadd(f"{PREFIX}away:default", {s.ready[0]: 0}),
    ),
    "a tenant in the ring has debts": ("misplaced", lambda r, s: r.zadd(f"{PREFIX}debt:default", {s.ready[0]: 1e9})),
    "a tenant is in another ring": ("misplaced", lambda r, s: r.zadd(f"{PREFIX}ring:other", {s.ready[0]: 0})),
    "a tenant is away elsewhere": ("misplaced", lambda r, s: r.zadd(f"{PREFIX}away:other", {s.ready[0]: 0})),
    "a tenant waits for no rate": ("misplaced", lambda r, s: r.zadd(f"{PREFIX}limited", {s.ready[0]: 1e15})),
    "a tenant waits for ever": ("misplaced", lambda r, s: wait_for_ever(r, s.ready[0])),
    "a depth is too high": ("depth", lambda r, s: r.zincrby(f"{PREFIX}depth", 7, "whale")),
    "a depth is too low": ("depth", lambda r, s: r.zincrby(f"{PREFIX}depth", -7, "minnow")),
    "the depths are gone": ("depth", lambda r, s: r.delete(f"{PREFIX}depth")),
    "an idle tenant has a depth": ("depth", lambda r, s: r.zadd(f"{PREFIX}depth", {"nobody": 3})),
    "a lane of nobody is suspected": ("suspects", lambda r, s: r.hset(f"{PREFIX}suspects", "whale|77", 3)),
    "a lane of nobody is narrow": ("suspects", lambda r, s: r.hset(f"{PREFIX}narrow", "whale|77", 3)),
    "a lane is not narrow": ("suspects", lambda r, s: r.hdel(f"{PREFIX}narrow", name(s.suspected))),
    "a suspicion is nonsense": ("suspects", lambda r, s: r.hset(f"{PREFIX}suspects", name(s.suspected), "?")),
    "tries are nonsense": ("suspects", lambda r, s: r.hset(f"{PREFIX}attempts", name(s.suspected), "?")),
    "tries without suspicion": ("suspects", lambda r, s: r.hset(f"{PREFIX}attempts", name(s.ready), 2)),
    "a number without suspicion": ("suspects", lambda r, s: r.hset(f"{PREFIX}tried", name(s.ready), 2)),
}


def wait_for_ever(valkey: redis.Redis, tenant: str) -> None:
    """Its rate is high enough to notice nothing."""
    valkey.hset(f"{PREFIX}tenant:{tenant}", "rate", "1000000")
    valkey.zadd(f"{PREFIX}limited", {tenant: 1e15})


def executed_in_order(node: Node, watch: psycopg.Connection, stage: Stage) -> None:
    """What the stage sent is done, each once, in its order; what was leased and set aside comes back first."""
    lanes().client.zadd(f"{PREFIX}bundles", {stage.bundle: 1}, xx=True)
    let_waits_end()
    node.work()
    ids = {(one.tenant, one.id) for one in stage.sent}
    done = by_lead([row for row in effects(watch) if row in ids])
    assert done == by_lead([(one.tenant, one.id) for one in stage.sent])
    assert lanes().look()["tenants"] == []


@pytest.mark.parametrize("what", BREAKS)
def test_a_broken_invariant_is_found_repaired_and_counted(
    what: str, shard: Reconciler, node: Node, watch: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    stage = set_the_stage()
    assert shard.run_pass(watch) == {}
    kind, do = BREAKS[what]
    do(lanes().client, stage)

    found = dict(shard.run_pass(watch))

    assert kind in found
    assert lanes().count_repaired() == found
    assert f"{kind} {found[kind]}" in caplog.text
    assert shard.run_pass(watch) == {}
    executed_in_order(node, watch, stage)
    assert shard.run_pass(watch) == {}


def test_whatever_breaks_together_is_repaired(shard: Reconciler, node: Node, watch: psycopg.Connection) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.sampled_from(sorted(BREAKS)), min_size=2, max_size=6, unique=True))
    def broken(chosen: list[str]) -> None:
        stage = set_the_stage()
        for what in chosen:
            BREAKS[what][1](lanes().client, stage)

        assert shard.run_pass(watch)
        assert shard.run_pass(watch) == {}
        executed_in_order(node, watch, stage)
        assert shard.run_pass(watch) == {}

    broken()


def test_the_depth_of_a_tenant_whose_lane_was_deleted_is_counted_anew(
    shard: Reconciler, watch: psycopg.Connection
) -> None:
    stage = set_the_stage()
    tenant, lane = stage.ready
    before = waiting()
    lanes().client.delete(f"{PREFIX}t.{tenant}.{lane}")
    assert waiting() == before

    assert dict(shard.run_pass(watch)) == {"depth": 1, "hollow": 1}

    assert waiting() == before | {tenant: before[tenant] - 4}


def waiting() -> dict[str, int]:
    return {row["tenant"]: row["waiting"] for row in lanes().look()["tenants"]}


# -- who, when, what it costs


class Clock:
    """Time that passes when told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_one_process_does_it_every_ten_seconds_and_another_when_that_is_gone(
    watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    first, second = (Reconciler(lanes(), process, clock=clock) for process in ("first", "second"))
    passes: list[str] = []
    for one in (first, second):
        monkeypatch.setattr(one, "_steps", lambda worker, one=one: iter([passes.append(one.process)]))

    for _ in range(21):
        for one in (second, first) if not passes else (first, second):
            one.run_slice(watch)
        clock.now += 1
    assert passes == ["second"] * 3

    lanes().client.pexpire(f"{PREFIX}reconciler:default", 1)
    while lanes().client.exists(f"{PREFIX}reconciler:default"):
        pass
    first.run_slice(watch)
    second.run_slice(watch)
    assert passes == ["second"] * 3 + ["first"]


def test_a_pass_goes_on_where_a_slice_ended(watch: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    set_the_stage()
    monkeypatch.setattr(reconciler, "SLICE_SECONDS", 0.0)
    shard = Reconciler(lanes(), "test")
    shard.run_slice(watch)
    assert shard._pass is not None
    monkeypatch.setattr(reconciler, "SLICE_SECONDS", 60.0)

    shard.run_slice(watch)

    assert shard._pass is None


@pytest.fixture
def many(valkey: redis.Redis) -> Iterator[int]:
    """100,000 tenants with an event each, and a whale with 20,000 ready lanes and as many events."""
    small = 100_000
    for first in range(0, small, 2000):
        lanes().push([(f"t{n}", n % 16, [b"{}"]) for n in range(first, first + 2000)])
    for first in range(0, 20_000, 2000):
        lanes().push([("whale", lane, [b"{}"]) for lane in range(first, first + 2000)])
    yield small
    valkey.flushdb()


def test_no_call_blocks_redis_for_long_with_100_000_tenants(
    many: int, valkey: redis.Redis, watch: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    """Measured by the server itself. The bound is generous: this machine is shared."""
    shard = Reconciler(lanes(), "test")
    valkey.config_resetstat()
    valkey.slowlog_reset()
    began = processor_seconds(valkey)

    shard.run_pass(watch)

    used = processor_seconds(valkey) - began
    calls = valkey.info("commandstats")["cmdstat_evalsha"]["calls"]
    slow = [entry["duration"] / 1000 for entry in valkey.slowlog_get(128)]
    with capsys.disabled():
        print(f"\n{many:,} tenants: {calls} calls of {used / calls * 1000:.2f} ms, {used:.2f} s of Redis a pass;")
        print(f"{len(slow)} took more than 10 ms, the longest {max(slow, default=0.0):.1f} ms")
    assert shard.found == {}
    assert used / calls < 0.003


def processor_seconds(valkey: redis.Redis) -> float:
    """What the server's own thread has used."""
    used = valkey.info("cpu")
    return used["used_cpu_user_main_thread"] + used["used_cpu_sys_main_thread"]


def test_lanes_of_another_prefix_are_not_looked_at(
    make_lanes: Callable[..., Lanes], shard: Reconciler, watch: psycopg.Connection, valkey: redis.Redis
) -> None:
    other = make_lanes(prefix="{other}:")
    other.push([("whale", 0, [b"{}"])])
    valkey.delete("{other}:ready:whale")

    assert shard.run_pass(watch) == {}
    assert Reconciler(other, "test").run_pass(watch)["stranded"] == 1
