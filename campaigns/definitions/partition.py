"""Partitions: parts of a tenant's leads, such as one for each country; a lead is in one at most."""

from __future__ import annotations

import msgspec

from campaigns.language.definition import definition


@definition("partition", label="Partition")
class Partition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Its leads have an e-mail address each of their own, as far as campaigns have moved them there."""
