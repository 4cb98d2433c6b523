"""The settings of the engine's acceptance tests: tests/handler.py instead of the campaigns, short leases.

Without the campaigns and their pages a node starts in half the time, and these tests start hundreds.
"""

from __future__ import annotations

from settings.test import *  # noqa: F403

ENGINE = ENGINE | {  # noqa: F405
    "handler": "tests.handler.handle",
    "housekeeping": "",
    "wakes": "",
    "lease_seconds": env.float("FAIRLANE_LEASE_SECONDS", 2.0),  # noqa: F405
    "run_seconds": env.float("FAIRLANE_RUN_SECONDS", 20.0),  # noqa: F405
    "retry_seconds": 0.1,
    "probe_events": 1,
}
DATABASE_ROUTERS: list[str] = []
ROOT_URLCONF = None
TEMPLATES: list[object] = []
MIDDLEWARE: list[str] = []
INSTALLED_APPS = ["engine", "tests.acceptance"]
