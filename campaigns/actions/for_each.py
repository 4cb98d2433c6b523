"""Run steps once for each item of a list."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.flowkinds import Body
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Done, Enter, Failed, NoOp
from campaigns.language.parameters import Choice, WholeNumber
from campaigns.language.values import TYPES
from campaigns.language.variablekinds import VARIABLE_TYPES, Items, ItemsOf, VariableName
from campaigns.language.variables import set_variable


class ForEachParams(msgspec.Struct, frozen=True):
    """The list, what an item is called, and the steps."""

    name: Annotated[str, VariableName("The variable that holds the item, read as {{ run.name }}")] = msgspec.field(
        name="as"
    )
    type: Annotated[str, Choice("The type of the items", *VARIABLE_TYPES)]
    items: Annotated[
        Items,
        ItemsOf("What to go through, read once as the loop begins; nulls are left out", variable="as", type="type"),
    ]
    body: Annotated[int | None, Body("The steps that run for each item, in order; they may wait", loops=True)]
    max: Annotated[int, WholeNumber("How many items at most", 1, 500)] = 100
    over_max: Annotated[str, Choice("What to do with more: go through none, or leave out the last", "fail", "cut")] = (
        "fail"
    )


@action("for_each", label="For each", logs="loop_item", params=ForEachParams, kind="flow")
def for_each(lead: LeadState, params: ForEachParams, context: Context) -> Enter | Done | NoOp | Failed:
    """The steps run for one item after the other, then those behind the loop.

    Who comes to their end without having begun the loop, by a jump among them, begins it there."""
    memory = context.run.memory
    if not (context.run.returned and memory):
        items = params.items.read(lead, context)
        if len(items) > params.max and params.over_max == "fail":
            return Failed(f"has {len(items)} items, at most {params.max} are allowed; raise max, or cut")
        dump = TYPES[params.items.type].dump
        memory |= {"items": [dump(item) for item in items[: params.max]], "next": 0, "left_out": len(items)}
    return _go_on(params, context, memory["items"], memory["next"])


def _go_on(params: ForEachParams, context: Context, items: list[object], place: int) -> Enter | Done | NoOp:
    """The next item, or the end."""
    memory = context.run.memory
    if place >= len(items):
        set_variable(context, params.name, params.type, None)
        left_out = memory["left_out"] - len(items)
        memory.clear()
        return Done(said={"items": len(items), "left_out": left_out}) if items else NoOp("there are no items")
    memory["next"] = place + 1
    set_variable(context, params.name, params.type, TYPES[params.type].cast(items[place]))
    return Enter(body=params.body, said={"item": items[place], "number": place + 1, "of": len(items)})
