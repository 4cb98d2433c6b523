"""Campaigns that others execute or request: parameters, and who executes whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.language.jsonshape import check_shape
from campaigns.language.parameters import PARTS_LIMIT, CampaignRef, Kind, Named, Prepared, pairs_of
from campaigns.language.schema import UNDECLARED, AttributeSpec
from campaigns.language.scope import Scope
from campaigns.language.templates import is_template
from campaigns.language.tokens import typed_value
from campaigns.language.values import show
from campaigns.language.variablekinds import VARIABLE_TYPES
from campaigns.language.variables import declare, read_name

EXECUTE, REQUEST = "execute_campaign", "request_campaign"
THIS = "this"
RESERVED = ("campaign", "run_key", "requested_by")  #: names that a request has of its own


class Tokens(Kind):
    """An object of names and values: literals or tokens. The other campaign reads them as {{ event.name }}."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """A tuple of (name, JSON value) pairs."""
        if not isinstance(raw, dict) or len(raw) > PARTS_LIMIT:
            scope.fault(path, f"expected an object of at most {PARTS_LIMIT} names and their values")
            return ()
        return pairs_of([(name, self._value(name, item, scope, f"{path}.{name}")) for name, item in raw.items()])

    def _value(self, name: str, item: Any, scope: Scope, path: str) -> Any:
        if name in RESERVED:
            scope.fault(path, f"'{name}' is the request's own; choose another name")
        else:
            read_name(name, scope, path)
        if is_template(item):
            return typed_value(item, AttributeSpec(name, UNDECLARED), scope, path)
        scope.faults.extend(check_shape(item, depth=10, size=64_000, path=path))
        return item


class Outputs(Kind):
    """An object of variables of the other run and their types."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> tuple[tuple[str, str], ...]:
        """Pairs of name and type; from here on the variables can be read."""
        if not isinstance(raw, dict) or len(raw) > PARTS_LIMIT:
            scope.fault(path, f"expected an object of at most {PARTS_LIMIT} variables and their types")
            return ()
        for name, kind in raw.items():
            if not isinstance(kind, str) or kind not in VARIABLE_TYPES:
                scope.fault(f"{path}.{name}", f"expected one of {', '.join(VARIABLE_TYPES)}, got {show(kind)}")
            elif read_name(name, scope, f"{path}.{name}"):
                declare(name, kind, scope, f"{path}.{name}")
        return tuple(raw.items())


class ExecutedCampaign(CampaignRef):
    """A running campaign that can be requested and does not execute this one."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The key."""
        key = super().prepare(raw, scope, path, done)
        circle = find_circle(scope.schema.executes or {}, scope.key, key) if scope.publishing and scope.key else None
        if circle:
            scope.fault(path, f"the campaigns would execute each other in a circle: {' → '.join(circle)}")
        return key


class ThisOrRequested(CampaignRef):
    """`this`, or a running campaign that can be requested."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The key; empty for the campaign itself."""
        return "" if raw == THIS else super().prepare(raw, scope, path, done)


class ThisOrRunning(Named):
    """`this`, or a campaign that is active or paused."""

    noun = "campaign"

    def known(self, scope: Scope) -> Any:
        """The campaigns there are."""
        return scope.schema.campaigns

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The key; empty for the campaign itself. One that is gone has no runs: a fault on publication only."""
        if raw == THIS or (isinstance(raw, str) and raw == scope.key):
            return ""
        if not scope.publishing:
            return raw
        key = super().prepare(raw, scope, path, done)
        status = scope.schema.campaigns.get(key) if key else None
        if status in ("draft", "archived"):
            scope.fault(path, f"campaign '{key}' is {status}; nobody can be inside")
        return key


def executed_by(document: Any) -> frozenset[str]:
    """The campaigns that the steps of a document execute."""
    return named_by(document, EXECUTE)


def named_by(document: Any, action: str) -> frozenset[str]:
    """The campaigns that the steps of one action name, nested ones and choices included."""
    found, pending = set(), [document]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item.values())
            if item.get("action") == action:
                found |= {key for key in _campaigns(item) if isinstance(key, str)}
    return frozenset(found)


def _campaigns(step: Mapping[str, Any]) -> list[Any]:
    choices = step.get("choices")
    given = [step.get("params"), step.get("default")]
    if isinstance(choices, list):
        given += [choice.get("params") for choice in choices if isinstance(choice, dict)]
    return [params.get("campaign") for params in given if isinstance(params, dict)]


def find_circle(executes: Mapping[str, frozenset[str]], campaign: str, child: str) -> list[str] | None:
    """The way from a campaign over its child back to itself; None where there is none."""
    pending, seen = [[campaign, child]], set[str]()
    while pending:
        way = pending.pop()
        if way[-1] == campaign:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            pending += [[*way, following] for following in sorted(executes.get(way[-1], ()))]
    return None
