"""Add and remove tags in one write."""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.language.action import action
from campaigns.language.context import Context
from campaigns.language.effects import ChangeTags, Effect
from campaigns.language.lead import LeadState
from campaigns.language.outcome import Failed
from campaigns.language.parameters import Literal, Tags

TAGS_LIMIT = 200  #: tags of one lead


class ChangeTagsParams(msgspec.Struct, frozen=True):
    """The tags that come and those that go."""

    create_missing: Annotated[bool | None, Literal("Allow tags that are not known yet", "boolean")] = False
    add: Annotated[frozenset[str], Tags("Tags to add", create="create_missing")] = frozenset()
    remove: Annotated[frozenset[str], Tags("Tags to remove", create="create_missing")] = frozenset()


@action("change_tags", label="Change tags", logs="change_tags", params=ChangeTagsParams, example={"add": ["vip"]})
def change_tags(lead: LeadState, params: ChangeTagsParams, context: Context) -> list[Effect] | Failed:
    """The lead has the tags of `add` and not those of `remove` afterwards; a tag in both is removed."""
    if len(lead.tags | params.add) > TAGS_LIMIT:
        return Failed(f"a lead has at most {TAGS_LIMIT} tags")
    return [ChangeTags(params.add - params.remove, params.remove)]
