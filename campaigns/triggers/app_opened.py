"""An app is opened."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger("app_opened", label="An app is opened", keys={"app": "Only this app"}, hears="app.opened")
def app_opened(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead opens the app; any when none is named."""
    return hear_value(raw, scope, path, "app", "app.opened")
