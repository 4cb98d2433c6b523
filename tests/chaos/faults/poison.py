"""Events that cannot be executed."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

from tests.chaos.fault import ALREADY_DOWN, fault, nothing
from tests.chaos.world import World

fault("poison: an exception", poison=("fail", "fail", "fail"), combines=False)(nothing)
fault("poison: ends its process", poison=("exit", "exit"), combines=False)(nothing)
fault("poison: an endless loop", poison=("loop",), combines=False)(nothing)
fault("poison: breaks its transaction", poison=("swallow", "swallow"), combines=False)(nothing)
fault("poison: asks for all memory", poison=("memory", "memory"), combines=False)(nothing)
fault("poison: never ready", poison=("retry", "retry"), combines=False)(nothing)


@fault("poison: no event at all", meddles=True, combines=False)
def garbage(world: World, chance: random.Random) -> Iterator[float]:
    with contextlib.suppress(*ALREADY_DOWN), world.direct() as client:
        lanes = sorted(client.scan_iter(match="{fairlane}:t.*", count=1000))
        for lane in chance.sample(lanes, min(3, len(lanes))):
            client.rpush(lane, chance.randbytes(chance.choice((0, 1, 100, 5_000_000))))
    yield 0
