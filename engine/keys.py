"""The two names that Python and Lua share; every other Redis key is built in lua/common.lua."""

from __future__ import annotations

#: The Celery queue of wake-up marks, which workers consume.
WAKE_QUEUE = "lanes"

#: Begins the id of every bundle: its Celery task id and delivery tag.
BUNDLE_TAG = "bundle-"
