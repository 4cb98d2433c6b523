"""Every step from lease to settle: the worker dies before it, or stands still there beyond its lease while others
take over and new events arrive; then the same with a second worker. Each event is done once, in its lead's order.
"""

from __future__ import annotations

from tests.chaos.conftest import Begin
from tests.chaos.stepping import Stepped

#: Of a bundle of two lanes with five events: what an undisturbed worker does.
STEPS = [
    "lease", "fetch", "_execute_gen", "_enter_gen", "_execute_gen",
    *["_execute_gen"] * 5,
    "_exit_gen", "settle", "lease", "the end",
]  # fmt: skip
POINTS = range(len(STEPS))


def test_the_steps_are_these(begin: Begin) -> None:
    scene = begin()

    assert [*Stepped(scene.valkey).crash_at(len(STEPS) + 1)] == STEPS

    scene.check()


def test_a_child_that_dies_before_any_step_repeats_and_loses_nothing(begin: Begin) -> None:
    for point in POINTS:
        scene = begin()
        Stepped(scene.valkey).crash_at(point)
        scene.push_more()
        scene.give_back()
        scene.drain()
        scene.check()


def test_a_node_that_dies_before_any_step_repeats_and_loses_nothing(begin: Begin) -> None:
    for point in POINTS:
        scene = begin()
        Stepped(scene.valkey).crash_at(point)
        scene.push_more()
        scene.let_leases_end()
        scene.drain()
        scene.check()


def test_a_worker_that_stands_still_before_any_step_repeats_and_loses_nothing(begin: Begin) -> None:
    for point in POINTS:
        scene = begin()
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


def test_two_workers_that_die_before_any_two_steps_repeat_and_lose_nothing(begin: Begin) -> None:
    for first in POINTS:
        for second in POINTS:
            scene = begin()
            Stepped(scene.valkey).crash_at(first)
            scene.let_leases_end()
            Stepped(scene.valkey).crash_at(second)
            scene.push_more()
            scene.let_leases_end()
            scene.drain()
            scene.check()


def test_two_workers_that_stand_still_before_any_two_steps_repeat_and_lose_nothing(begin: Begin) -> None:
    for first in POINTS:
        for second in POINTS:
            scene = begin()
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
