"""A mail of a person who sells is replied to."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "sales_mail_replied",
    label="A sales mail is replied to",
    keys={"owner": "Only of this owner"},
    hears="sales.mail_replied",
)
def sales_mail_replied(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead replies to a mail of the owner; of any when none is named."""
    return hear_value(raw, scope, path, "owner", "sales.mail_replied")
