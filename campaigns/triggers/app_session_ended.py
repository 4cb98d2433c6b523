"""An app was used."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger("app_session_ended", label="An app was used", keys={"app": "Only this app"}, hears="app.session_ended")
def app_session_ended(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """A session in the app is over, `seconds` long; in any when none is named."""
    return hear_value(raw, scope, path, "app", "app.session_ended")
