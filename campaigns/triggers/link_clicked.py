"""A link on a page is clicked."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger("link_clicked", label="A link on a page is clicked", keys={"link": "Only this link"}, hears="web.link_clicked")
def link_clicked(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead clicks the link on a page; any when none is named."""
    return hear_value(raw, scope, path, "link", "web.link_clicked")
