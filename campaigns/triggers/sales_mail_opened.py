"""A mail of a person who sells is opened."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "sales_mail_opened", label="A sales mail is opened", keys={"owner": "Only of this owner"}, hears="sales.mail_opened"
)
def sales_mail_opened(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead opens a mail of the owner; of any when none is named."""
    return hear_value(raw, scope, path, "owner", "sales.mail_opened")
