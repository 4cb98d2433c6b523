"""Variables of a run: each has one type in the whole document, fixed where a step sets it first.

`id` is the run's own, and set for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.scope import Scope
from campaigns.language.values import TYPES, dump, show

RUN_ID = "id"
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)

Read = Callable[[LeadState, Context], Any]


def begin_variables(scope: Scope) -> None:
    """What a run has before any step sets a variable."""
    scope.variables = {RUN_ID: "string"}


def read_name(raw: Any, scope: Scope, path: str) -> str:
    """The name of a variable that a step sets; empty with a fault."""
    if not isinstance(raw, str) or not NAME.fullmatch(raw):
        message = f"expected 1 to 63 lower-case letters, digits and _, beginning with a letter, got {show(raw)}"
        scope.fault(path, message)
        return ""
    if raw == RUN_ID:
        scope.fault(path, "'id' is the run's own; choose another name")
    return raw


def declare(name: str, type: str, scope: Scope, path: str) -> None:
    """A step sets a variable of that type. Another type than before is a fault."""
    known = scope.variables.setdefault(name, type) if name else type
    if known != type:
        scope.fault(path, f"run.{name} is of type {TYPES[known].label} already; expected that, got {TYPES[type].label}")


def find_variable(name: object, scope: Scope, path: str) -> str | None:
    """The type of a variable that a step before set; None with a fault."""
    if scope.eventless:
        scope.fault(path, "there is no run here: leads are asked, whatever happens to them")
        return None
    kind = scope.variables.get(name) if isinstance(name, str) else None
    if kind is None:
        hint = scope.hint(name, scope.variables)
        scope.fault(path, f"no step before this sets run.{name if isinstance(name, str) else show(name)}{hint}")
    return kind


def read_variable(name: str) -> Read:
    """The reading of a variable: null where the steps that ran have not set it."""
    if name == RUN_ID:
        return lambda lead, context: context.run.id
    return lambda lead, context: context.run.variables.get(name, (None, None))[1]


def set_variable(context: Context, name: str, type: str, value: Any) -> dict[str, Any] | None:
    """Set a variable of the run; null forgets it. Returns what changed, as JSON; None where nothing did."""
    variables = context.run.variables
    old = variables.get(name, (type, None))[1]
    if old == value:
        return None
    if value is None:
        del variables[name]
    else:
        variables[name] = (type, value)
    return {"variable": name, "old": dump(type, old), "new": dump(type, value)}
