"""How many bundles of one database this node may have in work. Pure.

A bundle is one transaction on one connection of one pool process, whatever number of lanes it carries: so bundles are
what a database that hangs takes from a node, and what a database has to bear.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping


def node_budget(setting: int, slots: int, databases: int) -> int:
    """Bundles of one database that may be in work on a node with so many slots.

    setting: what was asked for; 0: all slots where there is one database, else all but one, so that a database that
    hangs leaves a slot to the others.
    """
    if setting:
        return setting
    return slots if databases == 1 else max(1, slots - 1)


def may_have_more(held: Iterable[str], databases: Iterable[str], budget: int) -> dict[str, bool]:
    """For each database whether one more bundle of it may be in work. held: the database of each bundle in work."""
    counts = Counter(held)
    return {database: counts[database] < budget for database in databases}


def made_room(returned: Iterable[str], held: Iterable[str], budget: int) -> list[str]:
    """The databases of which the node had as many bundles as it may before these returned, and has fewer now.

    held: the database of each bundle still in work.
    """
    before, now = Counter(returned), Counter(held)
    return sorted(database for database, count in before.items() if now[database] < budget <= now[database] + count)


def in_words(in_work: Mapping[str, int], budget: int, limits: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """For people: of each database the bundles in work here, the most there may be, and the limit of all nodes.

    No limit (0) is left out.
    """
    return {
        database: {"in_work": count, "budget": budget} | ({"limit": limits[database]} if limits.get(database) else {})
        for database, count in in_work.items()
    }
