"""Topics: what a lead may subscribe to, on which channels."""

from __future__ import annotations

import msgspec

from campaigns.language.definition import definition
from campaigns.language.faults import Fault

CHANNELS = ("email", "sms", "push", "whatsapp", "phone", "post")


def _check(topic: Topic) -> list[Fault]:
    known = ", ".join(CHANNELS)
    return [
        Fault("channels", f"there is no channel {channel[:64]!r}; known: {known}")
        for channel in topic.channels
        if channel not in CHANNELS
    ]


@definition("topic", label="Topic", check=_check)
class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The channels it comes by, and whether a subscription waits for the lead to confirm it."""

    channels: tuple[str, ...] = ("email",)
    double_opt_in: bool = False
