"""What filters, triggers and tokens mean, for the few kinds of them that random campaigns have."""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

#: trigger -> event, its attribute that may be named, and the key under which
TRIGGERS = {
    "field_changed": ("field.changed", "field"),
    "score_changed": ("score.changed", ""),
    "score_crossed": ("score.changed", ""),
    "tag_added": ("tag.added", "tag"),
    "tag_removed": ("tag.removed", "tag"),
    "list_joined": ("list.joined", "list"),
    "lead_created": ("lead.created", ""),
    "campaign_entered": ("campaign.entered", "campaign"),
    "campaign_ended": ("campaign.ended", "campaign"),
    "campaign_requested": ("campaign.requested", ""),
}


def value_of(raw: Any, lead: Json, event: Json, variables: Json) -> Any:
    """A literal, or what a token stands for."""
    token = re.fullmatch(r"\{\{ (\w+)\.(\w+) \}\}", raw) if isinstance(raw, str) else None
    if token is None:
        return raw
    source, name = token.groups()
    return {"lead": lead["values"], "event": event["data"], "run": variables}[source].get(name)


def hears(trigger: Json, event: Json, campaign: str) -> bool:
    """Whether a trigger of a campaign hears an event."""
    data, kind = event["data"], trigger["type"]
    if kind == "event":
        known = event["type"] == trigger["event"]
    else:
        type, named = TRIGGERS[kind]
        known = event["type"] == type and (named not in trigger or data[named] == trigger[named])
    if not known:
        return False
    if kind in ("campaign_entered", "campaign_ended") and data["campaign"] == campaign:
        return False
    if kind == "campaign_requested":
        return bool(data["campaign"] == campaign)
    if kind == "score_crossed":
        return data["old"] < trigger["level"] <= data["new"]
    if "to" in trigger and data["new"] != trigger["to"]:
        return False
    return all(compare(data.get(item["attribute"]), item) for item in trigger.get("where", ()))


def holds(rule: Json | None, lead: Json, event: Json, variables: Json) -> bool:
    """Whether a filter holds."""
    if rule is None:
        return True
    for name in ("all", "any", "none", "exactly_one", "at_least"):
        if name in rule:
            count = sum(holds(item, lead, event, variables) for item in rule[name])
            return {
                "all": count == len(rule[name]),
                "any": count > 0,
                "none": count == 0,
                "exactly_one": count == 1,
                "at_least": count >= rule.get("count", 0),
            }[name]
    if "event" in rule:
        return compare(event["data"].get(rule["event"]), rule)
    if "run" in rule:
        return compare(variables.get(rule["run"]), rule)
    if rule["field"] in ("tags", "lists"):
        return compare(lead[rule["field"]] or None, rule)
    return compare(lead["values"].get(rule["field"]), rule)


def compare(value: Any, rule: Json) -> bool:
    """One operator, with what it says of a missing value."""
    operator, wanted = rule["operator"], rule.get("value")
    if operator in ("is_empty", "is_not_empty"):
        return (value is None) == (operator == "is_empty")
    if value is None:
        return operator in ("is_not", "contains_none_of") or bool(rule.get("or_empty"))
    if operator in ("contains_any_of", "contains_none_of"):
        return bool(value & set(wanted)) == (operator == "contains_any_of")
    if operator in ("is", "is_not"):
        if isinstance(value, str):
            value, wanted = value.lower(), wanted.lower()
        return bool(value == wanted) == (operator == "is")
    return bool({"greater_than": value > wanted, "at_most": value <= wanted}[operator])
