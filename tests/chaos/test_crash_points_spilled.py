"""The same for lanes in spill mode: events are read from the buffer, removed in the transaction of their effects, and
the lanes go direct again. What is pushed meanwhile is told to spill, or goes direct, as the lanes are then.
"""

from __future__ import annotations

from tests.chaos.conftest import Begin
from tests.chaos.stepping import Stepped

#: Of a bundle of two lanes with three events in the buffer: what an undisturbed worker does.
STEPS = [
    "lease", "fetch", "_execute_gen",  # the events
    "_enter_gen", "_execute_gen",  # the claim
    *["_execute_gen"] * 3,
    "_execute_gen", "_exit_gen",  # removed from the buffer
    "_enter_gen", "_execute_gen", "_exit_gen",  # rows of lanes that have none
    "_enter_gen", "_execute_gen", "_execute_gen", "_exit_gen",  # locked, moved to direct mode
    "_execute_gen", "settle", "lease", "the end",
]  # fmt: skip
POINTS = range(len(STEPS))

#: Where something is read, changed or committed.
PAIRED = (1, 2, 4, 5, 8, 9, 11, 14, 15, 16, 18, 19)


def test_the_steps_are_these(begin_spilled: Begin) -> None:
    scene = begin_spilled()

    assert [*Stepped(scene.valkey).crash_at(len(STEPS) + 1)] == STEPS

    scene.check()


def test_in_spill_mode_a_child_that_dies_before_any_step_repeats_and_loses_nothing(begin_spilled: Begin) -> None:
    for point in POINTS:
        scene = begin_spilled()
        Stepped(scene.valkey).crash_at(point)
        scene.push_more()
        scene.give_back()
        scene.drain()
        scene.check()


def test_a_node_that_dies_before_any_step_repeats_and_loses_nothing(begin_spilled: Begin) -> None:
    for point in POINTS:
        scene = begin_spilled()
        Stepped(scene.valkey).crash_at(point)
        scene.push_more()
        scene.let_leases_end()
        scene.drain()
        scene.check()


def test_a_worker_that_stands_still_before_any_step_repeats_and_loses_nothing(begin_spilled: Begin) -> None:
    for point in POINTS:
        scene = begin_spilled()
        sleeper = Stepped(scene.valkey)
        sleeper.stop_at(point)
        scene.push_more()
        scene.let_leases_end()
        scene.drain(passes=4)  # it may wait for what the sleeper has not committed
        sleeper.go_on()
        scene.let_leases_end()
        scene.drain()
        scene.check()
        sleeper.close()


def test_two_workers_that_die_before_any_two_steps_repeat_and_lose_nothing(begin_spilled: Begin) -> None:
    for first in PAIRED:
        for second in PAIRED:
            scene = begin_spilled()
            Stepped(scene.valkey).crash_at(first)
            scene.let_leases_end()
            Stepped(scene.valkey).crash_at(second)
            scene.push_more()
            scene.let_leases_end()
            scene.drain()
            scene.check()


def test_two_workers_that_stand_still_before_any_two_steps_repeat_and_lose_nothing(begin_spilled: Begin) -> None:
    for first in PAIRED:
        for second in PAIRED:
            scene = begin_spilled()
            sleepers = [Stepped(scene.valkey), Stepped(scene.valkey)]
            for sleeper, point in zip(sleepers, (first, second), strict=True):
                sleeper.stop_at(point)
                scene.let_leases_end()
            scene.push_more()
            scene.drain(passes=2)
            for sleeper in sleepers if (first + second) % 2 else reversed(sleepers):
                sleeper.go_on()
            scene.let_leases_end()
            scene.drain()
            scene.check()
            for sleeper in sleepers:
                sleeper.close()
