"""Which lane a lead belongs to. Pure; the salt differs from every other hash (awa#347: correlated hashes)."""

from __future__ import annotations

import hashlib

LANE_PREFIX = "t."


def lane_of(lead: str, lanes: int) -> int:
    """The lane of a lead among its tenant's lanes: the same for ever, as long as `lanes` does not change."""
    digest = hashlib.blake2b(lead.encode(), digest_size=8, person=b"fairlane-lane").digest()
    return int.from_bytes(digest, "big") % lanes


def queue_name(tenant: str, lane: int) -> str:
    """The Celery name of a lane."""
    return f"{LANE_PREFIX}{tenant}.{lane}"


def parse_queue(queue: str) -> tuple[str, int]:
    """The inverse of queue_name()."""
    tenant, _, lane = queue[len(LANE_PREFIX) :].rpartition(".")
    return tenant, int(lane)
