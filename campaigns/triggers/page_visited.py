"""A page is visited."""

from __future__ import annotations

from typing import Any

from campaigns.language.schema import SYSTEM_EVENTS
from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, narrowed, trigger
from campaigns.language.urlpattern import compile_url


@trigger(
    "page_visited",
    label="A page is visited",
    keys={"url": "Only pages with this address; * stands for anything, and parameters count only where it has a ?"},
    hears="web.page_visited",
)
def page_visited(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead visits a page with that address; any page when none is given."""
    heard = Subscription(SYSTEM_EVENTS["web.page_visited"])
    return narrowed(heard, compile_url(raw.get("url"), "url", scope, f"{path}.url"))
