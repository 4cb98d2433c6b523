"""Events that a campaign sends to other leads: their ids, and how many may follow from one event."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

_VERSION_8 = 0x8 << 76
_VARIANT = 0b10 << 62

#: Events for other leads that one event may set off; one that arose from another, half as many for each event between.
SENDS_LIMIT = 25


def sends_limit(depth: int) -> int:
    """How many events for other leads may arise while an event of that depth is handled: each may do the same."""
    return max(1, SENDS_LIMIT >> depth)


def sent_id(accepted_at: datetime, *parts: str) -> str:
    """A UUID of version 8 (RFC 9562): the same for the same parts; those of later causes sort later."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=10, person=b"fairlane-sent").digest()
    noise = int.from_bytes(digest, "big")
    milliseconds = max(0, int(accepted_at.timestamp() * 1000)) & ((1 << 48) - 1)
    high, low = noise >> 68, noise & ((1 << 62) - 1)
    return str(uuid.UUID(int=milliseconds << 80 | _VERSION_8 | high << 64 | _VARIANT | low))
