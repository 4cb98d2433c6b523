"""The lead consents to a purpose, or no longer does."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_defined, trigger


@trigger("consent_changed", label="A consent changes", keys={"purpose": "Only this purpose"}, hears="consent.changed")
def consent_changed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """A consent to the purpose is recorded or withdrawn; to any when none is named."""
    return hear_defined(raw, scope, path, "purpose", "consent.changed")
