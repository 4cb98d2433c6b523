"""A video is watched."""

from __future__ import annotations

from typing import Any

from campaigns.language.scope import Scope
from campaigns.language.trigger import Subscription, hear_value, trigger


@trigger("video_watched", label="A video is watched", keys={"video": "Only this video"}, hears="web.video_watched")
def video_watched(raw: dict[str, Any], scope: Scope, path: str) -> Subscription | None:
    """The lead watches the video, `percent` of it; any when none is named."""
    return hear_value(raw, scope, path, "video", "web.video_watched")
