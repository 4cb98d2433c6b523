"""Pools of owners among whom leads are dealt out."""

from __future__ import annotations

import msgspec

from campaigns.language.definition import definition, repeated
from campaigns.language.faults import Fault

OWNERS_LIMIT, WEIGHT_LIMIT = 200, 1_000


class PoolOwner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One owner, how many leads for each lead of an owner of weight 1, and the calendar of the days it is away."""

    email: str
    weight: int = 1
    calendar: str | None = None


def _check(pool: Pool) -> list[Fault]:
    faults = [Fault("owners", f"'{email}' is there twice") for email in repeated([one.email for one in pool.owners])]
    if not 1 <= len(pool.owners) <= OWNERS_LIMIT:
        faults.append(Fault("owners", f"expected 1 to {OWNERS_LIMIT} owners"))
    if any(not 1 <= one.weight <= WEIGHT_LIMIT for one in pool.owners):
        faults.append(Fault("owners", f"a weight is from 1 to {WEIGHT_LIMIT:,}"))
    return faults


@definition("pool", label="Pool of owners", check=_check)
class Pool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Owners by e-mail address, with their weights."""

    owners: tuple[PoolOwner, ...]
