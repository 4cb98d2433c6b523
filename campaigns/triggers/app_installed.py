"""An app is installed."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger("app_installed", label="An app is installed", keys={"app": "Only this app"}, hears="app.installed")
def app_installed(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead installs the app; any when none is named."""
    return hear_value(raw, scope, path, "app", "app.installed")
