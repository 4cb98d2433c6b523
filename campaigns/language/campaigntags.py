"""Tags of campaigns: `tags` in a document, such as ["winback"]. What is said of a tag is said of all that have it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from campaigns.language.executing import ThisOrRunning
from campaigns.language.frozen import frozen
from campaigns.language.parameters import Prepared
from campaigns.language.scope import Scope
from campaigns.language.values import show

TAGS = "tags"
TAGS_LIMIT = 20
_TAG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)


class Tagged(msgspec.Struct, frozen=True):
    """All campaigns with a tag."""

    tag: str


def tags_of(document: Any) -> frozenset[str]:
    """The tags of a document, whatever it is."""
    raw = document.get(TAGS) if isinstance(document, dict) else None
    return frozen(item for item in raw if isinstance(item, str)) if isinstance(raw, list) else frozen(())


def check_tags(raw: Any, scope: Scope) -> None:
    """Note every fault of a document's tags."""
    if raw is None:
        return
    if not isinstance(raw, list) or len(raw) > TAGS_LIMIT:
        scope.fault(TAGS, f"expected a list of at most {TAGS_LIMIT} tags, got {show(raw)}")
        return
    for place, item in enumerate(raw):
        if not isinstance(item, str) or not _TAG.fullmatch(item):
            scope.fault(f"{TAGS}[{place}]", f"expected 1 to 63 lower-case letters, digits, - and _, got {show(item)}")
        elif item in raw[:place]:
            scope.fault(f"{TAGS}[{place}]", f"'{item}' is there twice")
    scope.own_tags = tags_of({TAGS: raw})


class CampaignOrTag(ThisOrRunning):
    """`this`, a campaign that is active or paused, or {"tag": "…"} for all that have it."""

    @property
    def takes(self) -> str:
        """All that it may be."""
        return 'key of a campaign, `this`, or {"tag": "…"}'

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The key, empty for the campaign itself, or Tagged. A tag that no campaign has is a fault on publication."""
        if not isinstance(raw, dict):
            return super().prepare(raw, scope, path, done)
        scope.expect_keys(raw, path, ("tag",))
        tag = raw.get("tag")
        if not isinstance(tag, str) or not _TAG.fullmatch(tag):
            scope.fault(f"{path}.tag", f"expected the tag of campaigns, got {show(tag)}")
            return ""
        known = scope.schema.campaign_tags
        if scope.publishing and known is not None and tag not in known | scope.own_tags:
            scope.fault(f"{path}.tag", f"no campaign has the tag {show(tag)}{scope.hint(tag, known | scope.own_tags)}")
        return Tagged(tag)
