"""Give the lead to the next owner of a pool."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.effects import Effect, PutShared, SetField
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Skipped
from campaigns.language.parameters import Choice, Literal, OwnerValue
from campaigns.language.references import DefinedRef
from campaigns.language.rotation import levels, next_turn
from campaigns.language.shared import ROTATION


class RotateOwnerParams(msgspec.Struct, frozen=True):
    """The pool, and how leads are dealt out."""

    pool: Annotated[Defined, DefinedRef("The pool of owners", "pool")]
    mode: Annotated[str, Choice("All alike, or by their weights", "round_robin", "weighted")] = "round_robin"
    skip_if_owned: Annotated[bool | None, Literal("Whether a lead keeps the owner it has", "boolean")] = True
    fallback: Annotated[str | None, OwnerValue("Who gets the lead when no owner of the pool is active")] = None


@action(
    "rotate_owner",
    label="Rotate the owner",
    logs="change_owner",
    params=RotateOwnerParams,
    records=[ROTATION],
    writes=["field:owner"],
)
def rotate_owner(lead: LeadState, params: RotateOwnerParams, context: Context) -> list[Effect] | Skipped:
    """The lead belongs to whose turn it is. Turns are counted for the whole tenant, exactly; an owner who is inactive
    is passed over, and catches up on nothing when back."""
    if params.skip_if_owned and lead.values.get("owner") is not None:
        return Skipped("policy: the lead has an owner")
    weights = _weights(params, context)
    if not weights:
        return _fall_back(params, context)
    key = f"{params.pool.key}:{params.mode}"
    state: dict[str, Any] = lead.shared.get(ROTATION, key, make=True) or {}
    counts = levels(state.get("given", {}), weights)
    owner, turn = next_turn(counts, weights), state.get("turns", 0) + 1
    counts[owner] += 1
    said = {"pool": params.pool.key, "position": turn}
    return [PutShared(ROTATION, key, {"given": counts, "turns": turn}), SetField("owner", owner, said)]


def _weights(params: RotateOwnerParams, context: Context) -> dict[str, int]:
    """Of the active owners, in the order of the pool."""
    schema, weighted = context.schema, params.mode == "weighted"
    return {
        one.email: one.weight if weighted else 1
        for one in params.pool.spec.owners
        if one.email in schema.owners and one.email not in schema.inactive_owners
    }


def _fall_back(params: RotateOwnerParams, context: Context) -> list[Effect] | Skipped:
    schema, owner = context.schema, params.fallback
    if owner is None or owner not in schema.owners or owner in schema.inactive_owners:
        return Skipped(f"missing: {params.pool.key} has no active owner")
    return [SetField("owner", owner, {"pool": params.pool.key, "fallback": True})]
