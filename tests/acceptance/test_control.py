"""Control: a tenant's weight, cap, rate, pause, drain and abort act within a second while nodes work, and touch no
other tenant. An abort takes the same time whatever waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from engine import control, enqueue, status
from engine.abort import abort, waiting
from engine.errors import TenantDraining
from engine.lanes import lanes
from tests.acceptance.harness import Effects, Worker, register, wait_until
from tests.events import event

Start = Callable[..., Worker]


@pytest.fixture(autouse=True)
def tenants(clean: None) -> None:
    register("whale", "minnow")


def flood(tenant: str, count: int, seconds: float = 0.005, leads: int = 64) -> None:
    enqueue.push(
        [event(tenant, f"{tenant}{n % leads}", f"{tenant}-{n}", "slow", n=n, seconds=seconds) for n in range(count)]
    )


def both_work(start: Start, effects: Effects, count: int = 20_000) -> None:
    """A node, and two tenants with more than it can do."""
    for tenant in ("whale", "minnow"):
        flood(tenant, count)
    start()
    for tenant in ("whale", "minnow"):
        wait_until(lambda tenant=tenant: effects.count(tenant) > 20, "no progress")  # type: ignore[misc]


def progress(effects: Effects, tenant: str, seconds: float) -> int:
    before = effects.count(tenant)
    time.sleep(seconds)
    return effects.count(tenant) - before


def test_a_pause_stops_one_tenant_within_a_second_and_it_goes_on_as_soon(start: Start, effects: Effects) -> None:
    both_work(start, effects)

    control.pause("whale")
    time.sleep(1)
    assert progress(effects, "whale", 1) == 0
    assert progress(effects, "minnow", 1) > 0

    before = effects.count("whale")
    control.resume("whale")
    wait_until(lambda: effects.count("whale") > before, "it does not go on", seconds=1)
    leads = {f"whale{n}" for n in range(64)}
    rows = effects.watch.execute("SELECT lead, n FROM effects WHERE tenant_id = 'whale' ORDER BY id").fetchall()
    assert all(ns == sorted(ns) for lead in leads if (ns := [n for other, n in rows if other == lead]))


def test_a_rate_holds_one_tenant_within_a_second(start: Start, effects: Effects) -> None:
    """At most the rate, and one second's events more; and not much less."""
    both_work(start, effects)

    control.configure("whale", rate=10)
    time.sleep(1)
    done = progress(effects, "whale", 8)

    assert 0.7 * 8 * 10 <= done <= (8 + 1) * 10 + 5  # what is committed late was leased before
    assert progress(effects, "minnow", 1) > 0
    control.configure("whale", rate=0)
    wait_until(lambda: progress(effects, "whale", 1) > 20, "the rate still holds", seconds=10)


def test_a_cap_and_a_weight_act_at_the_next_lease(start: Start, effects: Effects) -> None:
    both_work(start, effects)

    control.configure("whale", cap=1)
    time.sleep(1)
    for _ in range(20):
        assert lanes().look_at_tenants(["whale"])["whale"]["in_work"] <= 1
        time.sleep(0.02)
    control.configure("whale", cap=0, weight=5)
    time.sleep(1)
    before = {tenant: effects.count(tenant) for tenant in ("whale", "minnow")}
    wait_until(lambda: effects.count() > sum(before.values()) + 1500, "no progress")

    done = {tenant: effects.count(tenant) - before[tenant] for tenant in before}
    assert done["whale"] / done["minnow"] == pytest.approx(5, rel=0.4)


def test_a_drained_tenant_is_shut_at_once_and_empty_soon(start: Start, effects: Effects) -> None:
    both_work(start, effects, count=1000)

    control.drain("whale")
    with pytest.raises(TenantDraining):
        enqueue.push([event("whale", "ada", "late")])
    enqueue.push([event("minnow", "bob", "in-time")])
    wait_until(lambda: status.of("whale").word == "drained", "it never drains")

    assert effects.count("whale") == 1000
    effects.wait_for([event("minnow", "bob", "in-time")])
    control.resume("whale")
    enqueue.push([event("whale", "ada", "again")])
    effects.wait_for([event("whale", "ada", "again")])


def test_an_abort_ends_one_tenants_work_within_a_second(start: Start, effects: Effects) -> None:
    both_work(start, effects)

    began = time.monotonic()
    done = abort("whale", by="anna")
    assert time.monotonic() - began < 1
    time.sleep(1)
    left = effects.count("whale")
    assert progress(effects, "whale", 1) == 0
    assert left + done.events <= 20_000 and done.events > 10_000

    assert progress(effects, "minnow", 1) > 0
    enqueue.push([event("whale", "whale0", "after-it")])
    effects.wait_for([event("whale", "whale0", "after-it")], seconds=10)
    assert waiting("whale") == 0


def test_an_abort_takes_the_same_time_whatever_waits() -> None:
    """Some of the 200,000 are in Redis, those that the lanes do not hold in PostgreSQL."""
    flood("minnow", 200)
    few = seconds_of_abort("minnow")
    flood("minnow", 10)
    for _ in range(10):
        flood("whale", 20_000, leads=1000)
    assert status.of("whale").spilled > 10_000

    many = seconds_of_abort("whale")

    assert (waiting("whale"), waiting("minnow")) == (0, 10)
    assert few < 1 and many < 1
    assert many < 3 * few + 0.2


def seconds_of_abort(tenant: str) -> float:
    began = time.monotonic()
    abort(tenant, by="anna")
    return time.monotonic() - began
