"""A link in a mail of a person who sells is clicked."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger(
    "sales_mail_clicked",
    label="A link in a sales mail is clicked",
    keys={"owner": "Only of this owner"},
    hears="sales.mail_clicked",
)
def sales_mail_clicked(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead clicks a link in a mail of the owner; of any when none is named."""
    return hear_value(raw, scope, path, "owner", "sales.mail_clicked")
