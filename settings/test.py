"""Tests: tests/servers.py has put the addresses of the test's own servers into the environment."""

from __future__ import annotations

from settings.base import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
#: Tests of what happens to bundles do not care what a tenant costs, and lease a few events at once.
ENGINE = ENGINE | {"probe_events": 8}  # noqa: F405
#: There is no folder of collected static files.
WHITENOISE_AUTOREFRESH = True
