"""What the chaos rounds and their controls are made of, without a server."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest

from tests.chaos import machine
from tests.chaos.__main__ import divide, schedule
from tests.chaos.controls import CONTROLS
from tests.chaos.fault import Fault, discover, nothing
from tests.chaos.guards import GUARDS
from tests.chaos.rounds import COMBINED, _limits


def test_every_kind_has_its_turn_before_one_comes_again() -> None:
    kinds = schedule(discover().values(), "", seed=7)

    assert [*discover()] == [kind for kind in discover() if kinds.count(kind) == 1]
    assert set(kinds) - set(discover()) == {COMBINED}
    assert schedule(discover().values(), "", seed=7) == kinds != schedule(discover().values(), "", seed=8)


def test_words_choose_kinds() -> None:
    assert sorted(schedule(discover().values(), "FLUSH,no fault", seed=7)) == ["FLUSHALL", "SCRIPT FLUSH", "no fault"]
    with pytest.raises(SystemExit, match="nonsense"):
        schedule(discover().values(), "nonsense", seed=7)


def test_what_needs_root_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    able, skipped = divide(discover().values())

    assert skipped and set(skipped.values()) == {"needs root on Linux"}
    assert {one.name for one in able} | set(skipped) == set(discover())
    assert {one.needs for one in able} == {""}


def test_every_need_is_one_that_the_machine_is_asked_for() -> None:
    assert {one.needs for one in discover().values()} - {""} == set(machine.TRIALS)


def test_nothing_is_spilled_where_redis_forgets_what_it_accepted() -> None:
    """What was spilled behind the loss would overtake what is sent again."""
    spills = Fault("spills", nothing, lane_limit=2)

    drawn = [_limits(random.Random(seed), [spills], forgets=True) for seed in range(20)]

    assert drawn == [{}] * 20


def test_every_second_round_has_small_lanes() -> None:
    drawn = [bool(_limits(random.Random(seed), [Fault("any", nothing)], forgets=False)) for seed in range(200)]

    assert 70 < drawn.count(True) < 130


def test_controls_name_kinds_and_guards_that_there_are() -> None:
    off = [one.door for one in CONTROLS] + [one.environment.get("CHAOS_GUARDS_OFF", "") for one in CONTROLS]

    assert {one.kind for one in CONTROLS} <= set(discover())
    assert {name for names in off for name in names.split(",") if name} == set(GUARDS)


def test_each_guard_is_where_its_control_looks_for_it() -> None:
    """In a process of its own: they are not put back."""
    code = "import redis; from engine import lanes; from tests.chaos.guards import GUARDS; "
    code += "[take_away() for take_away in GUARDS.values()]; lanes._script(redis.Redis(), 'settle')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
