"""The real scripts with a text in them replaced: another clock, or a guard taken away for a positive control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import redis

from engine import lanes as engine_lanes
from engine.conf import EngineConf
from engine.lanes import Lanes

#: Every script takes the time from here, so that a test can say what time it is.
TIME = {"local time = redis.call('TIME')": "local time = redis.call('LRANGE', 'test:time', 0, 1)"}


class PatchedLanes(Lanes):
    """Lanes whose scripts differ by some texts. Raises AssertionError when none of the scripts has such a text."""

    def __init__(self, client: redis.Redis, settings: EngineConf, patches: Mapping[str, str]) -> None:
        super().__init__(client, settings)
        self.patches = patches
        names = ("push", "lease", "settle", "release", "configure")
        texts = "".join(str(engine_lanes._script(client, name).script) for name in names)
        assert not [old for old in patches if old not in texts]
        for name in names:
            self._scripts[name] = self._patched(name)

    def _patched(self, name: str) -> Any:
        text = str(engine_lanes._script(self.client, name).script)
        for old, new in self.patches.items():
            text = text.replace(old, new)
        return self.client.register_script(text)

    def set_time(self, milliseconds: int) -> None:
        """What time it is, with TIME among the patches."""
        with self.client.pipeline() as pipe:
            pipe.delete("test:time")
            pipe.rpush("test:time", milliseconds // 1000, milliseconds % 1000 * 1000)
            pipe.execute()
