"""An asset is downloaded."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "asset_downloaded", label="An asset is downloaded", keys={"asset": "Only this asset"}, hears="web.asset_downloaded"
)
def asset_downloaded(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead downloads the asset; any when none is named."""
    return hear_value(raw, scope, path, "asset", "web.asset_downloaded")
