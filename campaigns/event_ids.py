"""Ids of events whose sender gave none."""

from __future__ import annotations

import os
import uuid
from datetime import datetime

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


def new_event_id(now: datetime) -> str:
    """A UUID of version 7 (RFC 9562): ids made later sort later, so that the ledger's index grows at its end."""
    milliseconds = int(now.timestamp() * 1000)
    noise = int.from_bytes(os.urandom(10), "big")
    high, low = noise >> 68, noise & ((1 << 62) - 1)
    return str(uuid.UUID(int=milliseconds << 80 | _VERSION_7 | high << 64 | _VARIANT | low))
