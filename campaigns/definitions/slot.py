"""Slots: places in pages and mails that show each lead one of several contents."""

from __future__ import annotations

import msgspec

from campaigns.language.definition import definition, repeated
from campaigns.language.faults import Fault

VARIANTS_LIMIT = 50


def _check(slot: Slot) -> list[Fault]:
    faults = [Fault("variants", f"'{key}' is there twice") for key in repeated(list(slot.variants))]
    if not 1 <= len(slot.variants) <= VARIANTS_LIMIT:
        faults.append(Fault("variants", f"expected 1 to {VARIANTS_LIMIT} variants"))
    if any(not 1 <= len(key.strip()) <= 63 for key in slot.variants):
        faults.append(Fault("variants", "a variant's key has 1 to 63 characters"))
    return faults


@definition("slot", label="Slot", check=_check)
class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contents that it may show, by their keys."""

    variants: tuple[str, ...]

    def keys(self) -> list[str]:
        """Of its variants."""
        return list(self.variants)
