"""Batches: campaigns that are run for all leads who match a filter. `{"type": "batch", "audience": {…}}` among the
triggers of a document; each member of the audience gets an event of its own."""

from __future__ import annotations

from typing import Any

from campaigns.language.filtertree import read_filter
from campaigns.language.scope import Scope


def batch_of(document: Any) -> dict[str, Any] | None:
    """The batch trigger of a document, if it has one."""
    triggers = document.get("triggers") if isinstance(document, dict) else None
    found = [item for item in triggers if isinstance(item, dict)] if isinstance(triggers, list) else []
    return next((item for item in found if item.get("type") == "batch"), None)


def check_audience(raw: Any, scope: Scope, path: str) -> None:
    """Note every fault of an audience. What it needs of leads is loaded when it is counted, not with events."""
    inner = Scope(scope.schema, scope.key, publishing=scope.publishing)
    inner.faults, inner.hints, inner.eventless = scope.faults, scope.hints, True
    read_filter(raw, inner, path)
    scope.hints = inner.hints
