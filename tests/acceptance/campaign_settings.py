"""The settings of the campaigns' acceptance tests: the product's own, short leases, a clock that the test moves."""

from __future__ import annotations

from settings.test import *  # noqa: F403

ENGINE = ENGINE | {  # noqa: F405
    "clock": "tests.acceptance.moved_clock.now",
    "lease_seconds": env.float("FAIRLANE_LEASE_SECONDS", 2.0),  # noqa: F405
    "retry_seconds": 0.1,
}
