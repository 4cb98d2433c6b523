"""Hooks: addresses to which other systems send what happened, and how a lead and attributes are found in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from campaigns.language.definition import definition
from campaigns.language.faults import Fault
from campaigns.language.payload import PATH_LENGTH, is_path
from campaigns.language.registry import did_you_mean
from campaigns.language.values import TYPES, caster

PARTS_LIMIT = 100  #: attributes, conditions
SECONDS = (30, 3600)  #: how old a request may be, from and to
RESERVED = ("hook",)


class HookAttribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the payload has it, and of which type it is."""

    path: str
    type: str = "string"
    required: bool = False


class HookCondition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the payload must have; what does not is taken and ignored."""

    path: str
    operator: Literal["is", "is_not", "is_any_of", "exists", "missing"] = "is"
    value: Any = None


def _check(hook: Hook) -> list[Fault]:
    faults = [Fault(where, f"expected a path such as customer.id or lines[0].sku, at most {PATH_LENGTH} characters")
              for where, path in _paths(hook) if not is_path(path)]  # fmt: skip
    for name, attribute in hook.attributes.items():
        if attribute.type not in TYPES:
            faults.append(Fault(f"attributes.{name}.type", f"unknown type{did_you_mean(attribute.type, TYPES)}"))
        if name in RESERVED or not name.isidentifier():
            faults.append(Fault(f"attributes.{name}", "expected a name of letters, digits and _ other than hook"))
    for index, one in enumerate(hook.conditions):
        if one.operator == "is_any_of" and not isinstance(one.value, list):
            faults.append(Fault(f"conditions[{index}].value", "expected a list"))
    for name, parts in (("attributes", hook.attributes), ("conditions", hook.conditions)):
        if len(parts) > PARTS_LIMIT:
            faults.append(Fault(name, f"has {len(parts)} parts, at most {PARTS_LIMIT} are allowed"))
    if not SECONDS[0] <= hook.seconds <= SECONDS[1]:
        faults.append(Fault("seconds", f"expected {SECONDS[0]} to {SECONDS[1]}"))
    if hook.signs == "body" and hook.id is None:
        faults.append(Fault("id", "is required where the time is not signed: by it repetitions are told apart"))
    return faults


def _paths(hook: Hook) -> list[tuple[str, str]]:
    every = [("lead", hook.lead), *([("id", hook.id)] if hook.id is not None else [])]
    every += [(f"attributes.{name}.path", one.path) for name, one in hook.attributes.items()]
    return every + [(f"conditions[{index}].path", one.path) for index, one in enumerate(hook.conditions)]


@definition("hook", label="Hook", check=_check)
class Hook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a payload has the lead's key, its own id and attributes; how it is signed, and what it must hold."""

    lead: str
    attributes: dict[str, HookAttribute] = {}
    conditions: tuple[HookCondition, ...] = ()
    id: str | None = None
    header: str = "X-Fairlane-Signature"
    #: `t=<seconds>,v1=<hex>` over "<seconds>.<body>", or `sha256=<hex>` over the body
    signs: Literal["time_and_body", "body"] = "time_and_body"
    seconds: int = 300  #: how old a signed time may be, or how far ahead
    secret: Literal["ours", "environment"] = "ours"
    generation: int = 1  #: counted up to have another secret
    accept_previous: bool = False  #: whether that of the generation before is good too

    @property
    def casts(self) -> dict[str, Callable[[Any], Any]]:
        """The cast of each attribute."""
        return {name: caster(one.type, None) for name, one in self.attributes.items()}
