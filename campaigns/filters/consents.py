"""Whether the lead consents to a purpose, and whether it is subscribed to a topic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.definitions.topic import CHANNELS
from campaigns.language.consents import consents, is_granted
from campaigns.language.context import Context
from campaigns.language.lead import LeadState
from campaigns.language.leaf import NEVER, Node, condition, has_record, kept, membership, read_membership
from campaigns.language.operator import Moment
from campaigns.language.scope import Scope
from campaigns.language.sqltext import Sql, joined, sql
from campaigns.language.values import show

STATES = ("subscribed", "pending", "unsubscribed")


def _find(raw: dict[str, Any], source: str, kind: str, scope: Scope, path: str) -> str | None:
    key, known = raw[source], scope.schema.defined(kind)
    if isinstance(key, str) and key in known:
        return key
    scope.fault(f"{path}.{source}", f"unknown {kind} {show(key)}{scope.hint(key, known)}")
    return None


@condition("consent")
def consent(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """The last consent to the purpose holds now: {"consent": PURPOSE, "operator": "in"}."""
    negative = read_membership(raw, "consent", scope, path)
    key = _find(raw, "consent", "purpose", scope, path)
    if key is None:
        return NEVER
    scope.read_records("consent", key)

    def matches(lead: LeadState, context: Context) -> bool:
        return is_granted(lead, key, context.now)

    def last(lead: LeadState, context: Context) -> Any:
        return next(reversed(consents(lead, key)), None)

    return membership(matches, lambda moment: _granted(key, moment), last, negative=negative)


def _granted(key: str, moment: Moment) -> Sql:
    """Keys count up behind the purpose, all with as many digits: the last one holds."""
    last = sql(
        """(SELECT r.data FROM campaigns_record AS r WHERE r.tenant_id = l.tenant_id AND r.lead_id = l.id
            AND r.kind = 'consent' AND starts_with(r.key, {}) ORDER BY r.key COLLATE "C" DESC LIMIT 1)""",
        f"{key}:",
    )
    return sql(
        "coalesce((SELECT (c.data -> 'granted') = 'true' AND coalesce((c.data ->> 'expires')::timestamptz > {}, TRUE)"
        " FROM (SELECT {} AS data) AS c), FALSE)",
        moment.now,
        last,
    )


@condition("subscription")
def subscription(raw: dict[str, Any], scope: Scope, path: str, read: Callable[[Any, Scope, str], Node]) -> Node:
    """A subscription: {"subscription": TOPIC, "channel": "email", "operator": "in", "state": "subscribed"}."""
    negative = read_membership(raw, "subscription", scope, path, "channel", "state")
    key = _find(raw, "subscription", "topic", scope, path)
    channel, state = raw.get("channel", "email"), raw.get("state", "subscribed")
    if channel not in CHANNELS:
        scope.fault(f"{path}.channel", f"expected one of {', '.join(CHANNELS)}, got {show(channel)}")
    if state not in STATES:
        scope.fault(f"{path}.state", f"expected one of {', '.join(STATES)}, got {show(state)}")
    scope.read_records("subscription", key)
    place = "subscription", f"{key}:{channel}"

    def matches(lead: LeadState, context: Context) -> bool:
        return bool(lead.records.get(place, {}).get("state") == state)

    test = joined("AND", [sql("r.key = {}", place[1]), sql("coalesce(r.data ->> 'state' = {}, FALSE)", state)])
    return membership(matches, lambda moment: has_record(place[0], test), kept(*place), negative=negative)
