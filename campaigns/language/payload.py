"""Values in JSON by their paths: `customer.id`, `lines[0].sku`."""

from __future__ import annotations

import re
from typing import Any

PATH_LENGTH = 200  #: characters

_PART = r"[A-Za-z0-9_$@-]+(?:\[[0-9]{1,4}\])*"
_PATH = re.compile(rf"{_PART}(?:\.{_PART})*", re.ASCII)
_STEP = re.compile(r"\[([0-9]+)\]|([^.\[]+)")


def is_path(text: str) -> bool:
    """Whether it is one."""
    return len(text) <= PATH_LENGTH and _PATH.fullmatch(text) is not None


def find(payload: Any, path: str) -> Any:
    """The value at the path; None where there is none."""
    found = payload
    for place, name in _STEP.findall(path):
        if place:
            found = found[int(place)] if isinstance(found, list) and int(place) < len(found) else None
        else:
            found = found.get(name) if isinstance(found, dict) else None
    return found
