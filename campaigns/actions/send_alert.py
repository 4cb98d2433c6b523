"""Tell people of the tenant something about the lead, by e-mail."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.alerts import Recipients, alert
from campaigns.language.context import Context
from campaigns.language.effects import Effect
from campaigns.language.lead import LeadState
from campaigns.language.messages import EmailRef, Letter
from campaigns.language.outcome import Outcome


class SendAlertParams(msgspec.Struct, frozen=True):
    """What is said, and to whom."""

    email: Annotated[Letter, EmailRef("The e-mail to send")]
    to: Annotated[
        tuple[Any, ...], Recipients("Who gets it: owner for the lead's owner, addresses, tokens for addresses")
    ]


@action("send_alert", label="Send an alert", logs="send_alert", params=SendAlertParams, kind="outside")
def send_alert(lead: LeadState, params: SendAlertParams, context: Context) -> list[Effect] | Outcome:
    """Each of them gets a mail about the lead, after the commit. It is an internal message: no consent is asked for,
    and it counts as no marketing."""
    return alert(params.email, params.to, lead, context)
