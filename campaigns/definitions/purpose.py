"""Purposes: for what a lead's data may be used, if the lead consents."""

from __future__ import annotations

import msgspec

from campaigns.language.definition import definition


@definition("purpose", label="Purpose of processing")
class Purpose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of it to the lead."""

    text: str = ""
