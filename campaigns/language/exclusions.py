"""Leads that are kept off a smart list, whatever its filter says."""

from __future__ import annotations

from datetime import datetime

from campaigns.language.lead import LeadState

EXCLUDED = "excluded"  #: kind of the records, by the list's key


def is_excluded(lead: LeadState, key: str, now: datetime) -> bool:
    """Whether the lead is kept off the list now."""
    kept = lead.records.get((EXCLUDED, key))
    return kept is not None and (kept["until"] is None or datetime.fromisoformat(kept["until"]) > now)
