"""A person who sells sends the lead a mail."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger("sales_mail_sent", label="A sales mail is sent", keys={"owner": "Only of this owner"}, hears="sales.mail_sent")
def sales_mail_sent(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The owner sends the lead a mail; any owner when none is named."""
    return hear_value(raw, scope, path, "owner", "sales.mail_sent")
