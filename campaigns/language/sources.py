"""Where an event or a change came from, in a few words that documents use; what is known more closely is its actor."""

from __future__ import annotations

from typing import Any

CAMPAIGN = "campaign"

#: How sources of events begin, and what that is called: `signal:ann` is what Ann saved.
_KINDS = {
    "api": "api",
    "signal": "user",
    "admin": "user",
    "replay": "import",
    "hook": "webhook",
    "campaign": CAMPAIGN,
    "delivery": "delivery",
    "batch": "batch",
}
SOURCES = tuple(dict.fromkeys(_KINDS.values()))

_BEGINNING = "split_part(a.data ->> 'source', ':', 1)"
_CASES = " ".join(f"WHEN '{name}' THEN '{kind}'" for name, kind in _KINDS.items())
#: The source of a row `a` of campaigns_activity; null where it has none of these.
SOURCE_SQL = f"CASE WHEN a.campaign_id IS NOT NULL THEN '{CAMPAIGN}' ELSE CASE {_BEGINNING} {_CASES} END END"


def kind_of(source: Any) -> str | None:
    """What the source of an event is called."""
    return _KINDS.get(source.partition(":")[0]) if isinstance(source, str) else None


def source_of(row: Any) -> str | None:
    """What did or reported an activity."""
    return CAMPAIGN if row.campaign_id is not None else kind_of(row.data.get("source"))


def actor_of(source: Any) -> str | None:
    """Who it was, as far as the source says it: a user, a webhook, a campaign."""
    return (source.partition(":")[2] or None) if isinstance(source, str) else None
