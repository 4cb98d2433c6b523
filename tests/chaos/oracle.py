"""The judge: a program of its own that imports nothing of the engine. Reads what producers were told is
accepted and what is in the database; prints what was lost, done twice or done out of order as JSON.

python tests/chaos/oracle.py ACCEPT-LOG DATABASE-URL

A line of the log: {"tenant", "lead", "id", "order", "expect"}; expect is "done" or "dead" (a poisoned event, which
must end as a dead letter). An event that was accepted again counts from its first acceptance. Also {"tenant",
"aborted"}: at that time all that waited of the tenant had been thrown away; what was "asked" to be accepted no later
may be missing.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg

#: Order is judged by when a row was written and by when its transaction committed: both must agree.
EFFECTS = """
SELECT tenant_id, lead, event_id, id, pg_xact_commit_timestamp(transaction::text::xid)
FROM effects WHERE tenant_id = ANY (%s) ORDER BY id
"""
DEAD = "SELECT tenant_id, event_id, error FROM engine_deadletter WHERE tenant_id = ANY (%s) AND event_id <> ''"
NAMED = 5

Identity = tuple[str, str]


def judge(
    accepted: list[dict[str, Any]], effects: list[tuple[Any, ...]], dead: list[tuple[Any, ...]]
) -> dict[str, Any]:
    """Everything that is wrong: counts, and examples."""
    aborted = {line["tenant"]: line["aborted"] for line in accepted if "aborted" in line}
    accepted = [line for line in accepted if "aborted" not in line]
    first: dict[Identity, dict[str, Any]] = {}
    asked: dict[Identity, float] = {}
    for line in accepted:
        first.setdefault((line["tenant"], line["id"]), line)
        asked[line["tenant"], line["id"]] = line.get("asked", 0.0)
    done = Counter((tenant, event) for tenant, _, event, *_ in effects)
    buried = {(tenant, event): error for tenant, event, error in dead}

    def may_miss(one: Identity) -> bool:
        return asked[one] <= aborted.get(one[0], -1.0)

    wrong = {
        "lost": [_name(one) for one in first if one not in done and one not in buried and not may_miss(one)],
        "twice": [f"{_name(one)} {times} times" for one, times in done.items() if times > 1]
        + [f"{_name(one)} done and buried" for one in buried if one in done],
        "disorder": _disorder(first, effects),
        "foreign": _foreign(first, effects),
        "buried": [
            f"{_name(one)}: {error}" for one, error in buried.items() if one in first and first[one]["expect"] == "done"
        ],
        "unburied": [_name(one) for one, line in first.items() if line["expect"] == "dead" and one in done],
    }
    return {
        "accepted": len(first),
        "acceptances": len(accepted),
        "done": len(done),
        "dead": len(buried),
        "counts": {fault: len(examples) for fault, examples in wrong.items()},
        "examples": {fault: examples[:NAMED] for fault, examples in wrong.items() if examples},
    }


def _disorder(first: dict[Identity, dict[str, Any]], effects: Iterable[tuple[Any, ...]]) -> list[str]:
    """Effects of a lead whose order is not that of acceptance, or whose transactions committed in another."""
    wrong = []
    latest: dict[tuple[str, str], tuple[int, Any]] = defaultdict(lambda: (-1, None))
    for tenant, lead, event, _, committed_at in effects:
        line = first.get((tenant, event))
        if line is None:
            continue
        order, before = latest[tenant, lead]
        if line["order"] < order:
            wrong.append(f"{_name((tenant, event))} of {lead} came too late")
        elif before and committed_at and committed_at < before:
            wrong.append(f"{_name((tenant, event))} of {lead} was committed too early")
        latest[tenant, lead] = (max(order, line["order"]), committed_at or before)
    return wrong


def _foreign(first: dict[Identity, dict[str, Any]], effects: Iterable[tuple[Any, ...]]) -> list[str]:
    """Effects that nobody asked for, or on another lead than asked for."""
    return [
        f"{_name((tenant, event))} on lead {lead}"
        for tenant, lead, event, *_ in effects
        if first.get((tenant, event), {}).get("lead") != lead
    ]


def _name(one: Identity) -> str:
    return f"{one[0]}/{one[1]}"


def main(log: str, url: str) -> None:
    """Print the verdict."""
    accepted = [json.loads(line) for line in Path(log).read_text().splitlines()]
    tenants = sorted({line["tenant"] for line in accepted})
    with psycopg.connect(url) as connection:
        effects = connection.execute(EFFECTS, [tenants]).fetchall()
        dead = connection.execute(DEAD, [tenants]).fetchall()
    print(json.dumps(judge(accepted, effects, dead)))


if __name__ == "__main__":
    main(*sys.argv[1:])
