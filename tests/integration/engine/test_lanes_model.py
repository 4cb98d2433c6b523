"""The scripts against a small model in Python: whatever happens in whatever order, nothing is lost,
doubled, moved or forgotten.
"""

from __future__ import annotations

from collections.abc import Callable

import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from engine.lanes import Lanes
from tests.integration.engine.lanes_model import DEPTH, Model


def test_the_scripts_agree_with_the_model(make_lanes: Callable[..., Lanes], valkey: redis.Redis) -> None:
    lanes = make_lanes(bundle_lanes=3, bundle_events=8, lease_seconds=600, lane_limit=DEPTH)

    run_state_machine_as_test(
        lambda: Model(lanes, valkey),
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
