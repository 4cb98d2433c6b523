"""Give the lead to the next owner of a pool."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, PutShared, SetField
from campaigns.language.flowkinds import Body
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Enter, Skipped
from campaigns.language.parameters import Choice, Literal, OwnerValue
from campaigns.language.references import PoolRef
from campaigns.language.rotation import least_loaded, levels, next_turn
from campaigns.language.shared import LOAD, ROTATION


class RotateOwnerParams(msgspec.Struct, frozen=True):
    """The pool, and how leads are dealt out."""

    pool: Annotated[Defined, PoolRef("The pool of owners", "pool")]
    mode: Annotated[
        str,
        Choice(
            "All alike, by their weights, or to the one who has fewest leads", "round_robin", "weighted", "least_loaded"
        ),
    ] = "round_robin"
    skip_if_owned: Annotated[bool | None, Literal("Whether a lead keeps the owner it has", "boolean")] = True
    fallback: Annotated[
        str | None, OwnerValue("Who gets the lead when no owner of the pool is active and there that day")
    ] = None
    on_empty: Annotated[int | None, Body("The steps for leads that nobody gets")] = None


@action(
    "rotate_owner",
    label="Rotate the owner",
    logs="change_owner",
    params=RotateOwnerParams,
    records=[ROTATION, LOAD],
    writes=["field:owner"],
)
def rotate_owner(lead: LeadState, params: RotateOwnerParams, context: Context) -> list[Effect] | Skipped | Enter:
    """The lead belongs to whose turn it is. Turns are counted for the whole tenant, exactly; an owner who is inactive,
    or away by its calendar, is passed over, and catches up on nothing when back. How many leads owners have is counted
    on exactly as leads are dealt out; what changes otherwise is seen within a minute."""
    if params.skip_if_owned and lead.values.get("owner") is not None:
        return Skipped("policy: the lead has an owner")
    weights = _weights(params, context)
    if not weights:
        return _fall_back(params, context)
    return _by_load(lead, params, weights) if params.mode == "least_loaded" else _by_turn(lead, params, weights)


def _by_turn(lead: LeadState, params: RotateOwnerParams, weights: dict[str, int]) -> list[Effect]:
    key = f"{params.pool.key}:{params.mode}"
    state: dict[str, Any] = lead.shared.get(ROTATION, key, make=True) or {}
    counts = levels(state.get("given", {}), weights)
    owner, turn = next_turn(counts, weights), state.get("turns", 0) + 1
    counts[owner] += 1
    said = {"pool": params.pool.key, "position": turn}
    return [PutShared(ROTATION, key, {"given": counts, "turns": turn}), SetField("owner", owner, said)]


def _by_load(lead: LeadState, params: RotateOwnerParams, weights: dict[str, int]) -> list[Effect]:
    key, old = params.pool.key, lead.values.get("owner")
    state: dict[str, Any] = lead.shared.get(LOAD, key, make=True) or {}
    counts = dict(state.get("leads", {}))
    if counts.get(old):
        counts[old] -= 1
    owner = least_loaded(counts, weights)
    said = {"pool": key, "leads": counts.get(owner, 0)}
    counts[owner] = counts.get(owner, 0) + 1
    return [PutShared(LOAD, key, {**state, "leads": counts}), SetField("owner", owner, said)]


def _weights(params: RotateOwnerParams, context: Context) -> dict[str, int]:
    """Of the owners who are active and not away, in the order of the pool."""
    schema, weighted = context.schema, params.mode == "weighted"
    calendars, today = schema.defined("calendar"), schema.day(context.now)
    return {
        one.email: one.weight if weighted else 1
        for one in params.pool.spec.owners
        if one.email in schema.owners
        and one.email not in schema.inactive_owners
        and not (one.calendar in calendars and today in calendars[one.calendar].spec.holidays)
    }


def _fall_back(params: RotateOwnerParams, context: Context) -> list[Effect] | Skipped | Enter:
    schema, owner = context.schema, params.fallback
    if owner is not None and owner in schema.owners and owner not in schema.inactive_owners:
        return [SetField("owner", owner, {"pool": params.pool.key, "fallback": True})]
    if params.on_empty is not None:
        return Enter(body=params.on_empty, said={"pool": params.pool.key, "label": "empty"})
    return Skipped(f"missing: {params.pool.key} has no active owner")
