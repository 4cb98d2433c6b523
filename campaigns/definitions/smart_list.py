"""Smart lists: filters with a name. Who matches is on the list, at every instant anew."""

from __future__ import annotations

from typing import Any

import msgspec

from campaigns.language.definition import definition


@definition("smart_list", label="Smart list")
class SmartList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The filter that its leads match; it may speak of other smart lists."""

    filter: dict[str, Any]
