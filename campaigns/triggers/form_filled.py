"""A form is filled out."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger("form_filled", label="A form is filled out", keys={"form": "Only this form"}, hears="web.form_filled")
def form_filled(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead fills the form out; any when none is named."""
    return hear_value(raw, scope, path, "form", "web.form_filled")
