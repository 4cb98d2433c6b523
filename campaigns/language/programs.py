"""A lead's membership in a program: it runs until it has ended, and what it came to is kept."""

from __future__ import annotations

from typing import Any

from campaigns.language.lead import LeadState


def membership(lead: LeadState, program: str) -> dict[str, Any] | None:
    """The membership that runs; None for a lead that never was a member, or is none any more."""
    member = lead.records.get(("program", program))
    return None if member is None or "ended" in member else member
