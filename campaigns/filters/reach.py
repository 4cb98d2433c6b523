"""Whether a channel reaches the lead: the rules that are asked before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.language.addresses import is_address
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Node, condition, for_memory, membership, read_membership
from campaigns.language.refusals import RECORDS, Asked, refusal
from campaigns.language.scope import Scope
from campaigns.language.values import show

#: The field that has the address of a channel.
FIELDS = {"email": "email", "sms": "phone"}


@condition("unreachable")
def unreachable(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """No address, an invalid one, blocked, on the blocklist or marketing suspended: {"unreachable": "email"}; with a
    `topic` unsubscribed from it, too, and with `marketing` false only what makes the address unusable."""
    negative = read_membership(raw, "unreachable", scope, path, "marketing", "topic")
    channel, topics = raw["unreachable"], scope.schema.defined("topic")
    if not isinstance(channel, str) or channel not in FIELDS:
        scope.fault(f"{path}.unreachable", f"expected one of {', '.join(FIELDS)}, got {show(channel)}")
        return NEVER
    marketing, topic = raw.get("marketing", True), raw.get("topic")
    if not isinstance(marketing, bool):
        scope.fault(f"{path}.marketing", f"expected true or false, got {show(marketing)}")
    if topic is not None and (not isinstance(topic, str) or topic not in topics):
        scope.fault(f"{path}.topic", f"unknown topic {show(topic)}{scope.hint(topic, topics)}")
    field = FIELDS[channel]
    scope.find_field(field, path)
    for kind in RECORDS:
        scope.read_records(kind)

    def why(lead: LeadState, context: Context) -> str | None:
        address = lead.values.get(field)
        if not address or (channel == "email" and not is_address(address)):
            return "no address that can be used"
        return refusal(lead, Asked(channel, address, marketing, topic), context.now)

    def matches(lead: LeadState, context: Context) -> bool:
        return why(lead, context) is not None

    return membership(matches, for_memory, why, negative=negative)
