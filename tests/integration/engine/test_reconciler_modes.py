"""Lanes' modes, which Redis and PostgreSQL both keep: made to agree when they have differed for a whole pass."""

from __future__ import annotations

import psycopg
import pytest

from engine.lanes import lanes
from engine.reconciler import Reconciler, _agree
from engine.roles import Urls
from tests.integration.engine.conftest import PREFIX

pytestmark = [pytest.mark.usefixtures("clean"), pytest.mark.breaks_lanes]


@pytest.fixture
def shard() -> Reconciler:
    return Reconciler(lanes(), "test")


def stored(owner: psycopg.Connection, tenant: str, *, spill: bool, epoch: int) -> None:
    owner.execute(
        "INSERT INTO engine_lanemode (tenant_id, lane, spill, epoch) VALUES (%s, 0, %s, %s)", [tenant, spill, epoch]
    )


def known(tenant: str) -> tuple[bool, int]:
    ((_, _, spill, epoch),) = lanes().modes_of([(tenant, 0)])
    return spill, epoch


def test_a_redis_ahead_of_postgresql_is_set_back_once_both_have_stood_still(
    shard: Reconciler, watch: psycopg.Connection
) -> None:
    """As after a database was restored: producers and PostgreSQL would send each other in circles."""
    stored(watch, "whale", spill=False, epoch=2)
    lanes().tell_modes([("whale", 0, True, 5), ("minnow", 0, True, 1)])  # of minnow PostgreSQL knows nothing

    assert shard.run_pass(watch) == {}
    assert dict(shard.run_pass(watch)) == {"modes": 2}

    assert (known("whale"), known("minnow")) == ((False, 2), (False, 0))
    assert lanes().count_repaired() == {"modes": 2}
    assert shard.run_pass(watch) == {}


def test_a_redis_that_lags_behind_is_told(shard: Reconciler, watch: psycopg.Connection) -> None:
    stored(watch, "whale", spill=False, epoch=4)
    lanes().tell_modes([("whale", 0, False, 2), ("minnow", 0, True, 0)])  # minnow's producer is on its way

    shard.run_pass(watch)
    assert dict(shard.run_pass(watch)) == {"modes": 1}

    assert (known("whale"), known("minnow")) == ((False, 4), (True, 0))


def test_what_moves_between_two_looks_is_left_alone(shard: Reconciler, watch: psycopg.Connection) -> None:
    stored(watch, "whale", spill=False, epoch=2)
    for epoch in (5, 6, 7):
        lanes().tell_modes([("whale", 0, True, epoch)])
        assert shard.run_pass(watch) == {}
    watch.execute("UPDATE engine_lanemode SET epoch = 3")
    assert shard.run_pass(watch) == {}

    assert known("whale") == (True, 7)


def test_a_redis_that_forgot_a_mode_is_told_it_and_nothing_is_counted(
    shard: Reconciler, watch: psycopg.Connection
) -> None:
    stored(watch, "whale", spill=False, epoch=2)
    stored(watch, "minnow", spill=True, epoch=1)

    for _ in range(2):
        assert shard.run_pass(watch) == {}

    assert (known("whale"), known("minnow")) == ((False, 2), (True, 1))


@pytest.mark.parametrize(
    ("here", "there", "agree"),
    [
        ((False, 2), (False, 2), True),
        ((True, 2), (True, 2), True),
        ((True, 2), (False, 2), True),  # Redis moved it, its producer is about to write
        ((True, 2), (False, 3), True),  # who emptied it died before it told: the next holder does
        ((True, 2), (False, 1), False),
        ((False, 3), (True, 2), False),
        ((False, 2), (True, 2), False),  # a blind producer: told each second
        ((False, 2), (False, 3), False),
    ],
)
def test_which_modes_may_stay(here: tuple[bool, int], there: tuple[bool, int], agree: bool) -> None:
    assert _agree(("whale", 0, *here), ("whale", 0, *there)) == agree


def test_modes_are_compared_with_the_database_of_the_tenant(blue: Urls, watch: psycopg.Connection) -> None:
    """Each database has its own reconciler; what the other has is not its business."""
    lanes().client.hset(f"{PREFIX}tenant:minnow", "database", "blue")
    stored(watch, "whale", spill=True, epoch=2)
    lanes().tell_modes([("whale", 0, True, 2), ("minnow", 0, True, 5)])
    with psycopg.connect(blue.worker, autocommit=True) as there:
        stored(there, "minnow", spill=False, epoch=3)
        for shard, worker, wrong in (
            (Reconciler(lanes(), "a"), watch, {}),
            (Reconciler(lanes(), "b", "blue"), there, 1),
        ):
            shard.run_pass(worker)
            assert dict(shard.run_pass(worker)) == (wrong and {"modes": wrong})

    assert (known("whale"), known("minnow")) == ((True, 2), (False, 3))
