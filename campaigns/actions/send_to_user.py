"""Tell some of the tenant's owners something about the lead, by e-mail."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.alerts import Colleagues, alert
from campaigns.language.context import Context
from campaigns.language.effects import Effect
from campaigns.language.lead import LeadState
from campaigns.language.messages import EmailRef, Letter
from campaigns.language.outcome import Outcome


class SendToUserParams(msgspec.Struct, frozen=True):
    """What is said, and to whom."""

    email: Annotated[Letter, EmailRef("The e-mail to send")]
    users: Annotated[tuple[str, ...], Colleagues("The owners who get it, whoever owns the lead")]


@action("send_to_user", label="Send an e-mail to users", logs="send_alert", params=SendToUserParams, kind="outside")
def send_to_user(lead: LeadState, params: SendToUserParams, context: Context) -> list[Effect] | Outcome:
    """Each of these owners gets a mail about the lead, after the commit. It is an internal message, as an alert is. An
    owner who has become inactive still gets it."""
    return alert(params.email, params.users, lead, context)
