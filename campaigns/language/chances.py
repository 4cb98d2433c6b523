"""Chances that stay: hashes of names, the same for ever and independent of every other name."""

from __future__ import annotations

import hashlib

SHARES = 10_000  #: a percentage with two places


def share_of(*names: str) -> int:
    """A number from 0 to 9,999, evenly."""
    text = "|".join(name.replace("\\", "\\\\").replace("|", "\\|") for name in names).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") % SHARES


def is_within(percent: int, *names: str) -> bool:
    """Whether these names are among so many of a hundred; who is stays so when the percentage rises."""
    return share_of(*names) < percent * (SHARES // 100)
