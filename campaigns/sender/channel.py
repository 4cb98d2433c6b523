"""The declaration of a channel: one function that tries to send one delivery, once."""

from __future__ import annotations

from collections.abc import Callable

from campaigns.language.registry import Registry
from campaigns.sender.claims import Claimed
from campaigns.sender.conf import DeliveryConf
from campaigns.sender.deadline import Deadline
from campaigns.sender.results import Result

#: It connects through the deadline and to nothing else, holds no transaction, and raises nothing that it can name.
Send = Callable[[Claimed, Deadline, DeliveryConf], Result]

CHANNELS: Registry[Send] = Registry("channel")


def channel(name: str) -> Callable[[Send], Send]:
    """Enter a function as the channel of that name."""

    def enter(send: Send) -> Send:
        return CHANNELS.add(name, send)

    return enter
