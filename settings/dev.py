"""A developer's machine: what base.py says, with errors shown in the browser."""

from __future__ import annotations

from settings.base import *  # noqa: F403

DEBUG = env.bool("DEBUG", True)  # noqa: F405
