"""Nurtures: streams of content that leads are sent one piece after the other."""

from __future__ import annotations

import msgspec

from campaigns.language.definition import definition, repeated
from campaigns.language.faults import Fault

STREAMS_LIMIT = 50


class Stream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stream, and how many pieces of content it has."""

    key: str
    label: str = ""
    pieces: int = 0


def _check(nurture: Nurture) -> list[Fault]:
    keys = [stream.key for stream in nurture.streams]
    faults = [Fault("streams", f"'{key}' is there twice") for key in repeated(keys)]
    if not 1 <= len(keys) <= STREAMS_LIMIT:
        faults.append(Fault("streams", f"expected 1 to {STREAMS_LIMIT} streams"))
    if any(stream.pieces < 0 for stream in nurture.streams):
        faults.append(Fault("streams", "a number of pieces is 0 or more"))
    return faults


@definition("nurture", label="Nurture", check=_check)
class Nurture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Its streams."""

    streams: tuple[Stream, ...]

    def keys(self) -> list[str]:
        """Of its streams."""
        return [stream.key for stream in self.streams]

    def pieces(self, key: str) -> int:
        """Of content in a stream."""
        return sum(stream.pieces for stream in self.streams if stream.key == key)
