"""The settings of nodes under fire: short leases, the handler of tests/chaos/handler.py."""

from __future__ import annotations

from tests.acceptance.settings import *  # noqa: F403

ENGINE = ENGINE | {"handler": "tests.chaos.handler.handle"}  # noqa: F405
