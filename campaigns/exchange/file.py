"""The document that a campaign is outside the product: what it says of itself, what it does, what it needs."""

from __future__ import annotations

from typing import Any

import msgspec

from campaigns.language.document import DEPTH_LIMIT, SIZE_LIMIT
from campaigns.language.faults import Fault
from campaigns.language.jsonshape import check_shape
from campaigns.language.priority import NORMAL, PLACES
from campaigns.language.registry import did_you_mean
from campaigns.language.values import show

FORMAT = "fairlane/campaign/1"
KEYS = ("format", "tenant", "key", "name", "position", "priority", "document", "requires")
POSITION_LIMIT = 2**31 - 1


class CampaignFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """One campaign as it travels."""

    format: str
    key: str
    name: str
    document: dict[str, Any]
    position: int = 0
    priority: str = NORMAL
    tenant: str | None = None  #: where it was exported; the commands apply it there unless told otherwise
    requires: dict[str, Any] = {}


def open_file(value: Any) -> tuple[CampaignFile | None, list[Fault]]:
    """The campaign that a value describes, and every fault of its frame; with a fault there is no campaign."""
    if not isinstance(value, dict):
        return None, [Fault("", f"expected an object with {', '.join(KEYS)}; got {show(value)}")]
    faults = check_shape(value, depth=DEPTH_LIMIT + 5, size=2 * SIZE_LIMIT)
    if faults:
        return None, faults
    faults = [Fault(name, f"has no meaning here{did_you_mean(name, KEYS)}") for name in value if name not in KEYS]
    faults += _check_frame(value)
    return (None, faults) if faults else (msgspec.convert(value, CampaignFile), [])


def _check_frame(value: dict[str, Any]) -> list[Fault]:
    faults = []
    if value.get("format") != FORMAT:
        faults.append(Fault("format", f"expected {FORMAT!r}, got {show(value.get('format'))}"))
    for name in ("key", "name"):
        if not isinstance(value.get(name), str) or not value[name].strip():
            faults.append(Fault(name, f"expected text, got {show(value.get(name))}"))
    if not isinstance(value.get("tenant"), str | None):
        faults.append(Fault("tenant", f"expected the key of a tenant, got {show(value['tenant'])}"))
    if not _is_position(value.get("position", 0)):
        faults.append(Fault("position", f"expected a whole number, got {show(value['position'])}"))
    if value.get("priority", NORMAL) not in list(PLACES):
        faults.append(Fault("priority", f"expected one of {', '.join(PLACES)}, got {show(value['priority'])}"))
    for name in ("document", "requires"):
        if not isinstance(value.get(name, {} if name == "requires" else None), dict):
            faults.append(Fault(name, f"expected an object, got {show(value.get(name))}"))
    return faults


def _is_position(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= POSITION_LIMIT
