"""A lead's consents: rows that are only ever added. The last one of a purpose holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from campaigns.language.lead import LeadState


def consents(lead: LeadState, purpose: str) -> list[dict[str, Any]]:
    """What was recorded for a purpose, the oldest first."""
    rows = sorted((key, data) for (kind, key), data in lead.records.items() if kind == "consent")
    return [data for key, data in rows if key.rpartition(":")[0] == purpose]


def next_key(lead: LeadState, purpose: str) -> str:
    """Under which the next row is kept."""
    return f"{purpose}:{len(consents(lead, purpose)) + 1:06d}"


def is_granted(lead: LeadState, purpose: str, now: datetime) -> bool:
    """Whether the lead consents to the purpose now."""
    last = consents(lead, purpose)[-1:]
    if not last or not last[0]["granted"]:
        return False
    expires = last[0].get("expires")
    return expires is None or datetime.fromisoformat(expires) > now
