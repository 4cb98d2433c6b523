"""A link in a message is clicked."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, narrowed, trigger
from campaigns.language.urlpattern import compile_url


@trigger(
    "message_clicked",
    label="A link in a message is clicked",
    keys={
        "message": "Only in this message",
        "link": "Only links with this address; * stands for anything, and parameters count only where it has a ?",
    },
    hears="message.clicked",
)
def message_clicked(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead clicks a link in the message; in any when none is named. What the provider takes for a machine has
    `bot` true."""
    heard = hear_value(raw, scope, path, "message", "message.clicked")
    return narrowed(heard, compile_url(raw.get("link"), "link", scope, f"{path}.link"))
