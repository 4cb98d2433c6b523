"""Tests: tests/servers.py has put the addresses of the test's own servers into the environment."""

from __future__ import annotations

from settings.base import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
#: There is no folder of collected static files.
WHITENOISE_AUTOREFRESH = True
