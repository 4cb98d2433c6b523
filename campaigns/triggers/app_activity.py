"""Something is done in an app."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger("app_activity", label="An activity in an app", keys={"app": "Only in this app"}, hears="app.activity")
def app_activity(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead does something in the app, `action` says what; in any when none is named."""
    return hear_value(raw, scope, path, "app", "app.activity")
