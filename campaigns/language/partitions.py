"""In which partition of the tenant a lead is, and who else is there under an e-mail address."""

from __future__ import annotations

from campaigns.language.folding import fold
from campaigns.language.lead import LeadState

CHANGED = "partition.changed"  #: the event that a move is
KIND, KEY = "partition", "current"  #: of the record that says where a lead is


def partition_of(lead: LeadState) -> str | None:
    """The key of the partition; None when the lead was never moved into one."""
    kept = lead.records.get((KIND, KEY))
    return None if kept is None else kept["partition"]


def seat(partition: str, email: str) -> str:
    """What leads of a partition with the same e-mail address have in common."""
    return f"{partition}:{fold(email)}"


def seat_parts(seat: str) -> tuple[str, str]:
    """Partition and folded address."""
    partition, _, email = seat.partition(":")
    return partition, email
