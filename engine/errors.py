"""Every error of the engine that a caller may meet; the first line of a docstring is its message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.types import Event


class EngineError(Exception):
    """The engine cannot go on."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        message = (self.__doc__ or "").split("\n", 1)[0].rstrip(".")
        return f"{message}: {self.detail}" if self.detail else f"{message}."


class BrokerDown(EngineError):
    """The broker cannot be reached or does not accept events now."""


class LaneFull(EngineError):
    """The lane holds as many events as it may.

    `refused` are the events that were not accepted.
    """

    def __init__(self, refused: Sequence[Event]) -> None:
        super().__init__(f"{len(refused)} events were refused")
        self.refused = refused


class TenantDraining(LaneFull):
    """The tenant is being drained and takes no new events until it is resumed."""


class AbortBroken(EngineError):
    """The abort broke off."""


class DatabaseDown(EngineError):
    """The database cannot be used now."""


class LeaseLost(EngineError):
    """The lease is not held any more; another worker has the lane."""


class UnsafeRole(EngineError):
    """This database role must not be used: row-level security would not hold."""


class EmbeddedServerError(EngineError):
    """An embedded server cannot be started."""


class HandlerFault(EngineError):
    """The handler broke its contract."""


class Retry(EngineError):
    """The event shall be tried again later; raised by a handler.

    `delay` is in seconds.
    """

    def __init__(self, delay: float, detail: str = "") -> None:
        super().__init__(detail)
        self.args = (delay, detail)
        self.delay = delay
