"""Random rulebooks and random lives of leads: always the same ones for the same seed."""

from __future__ import annotations

from random import Random
from typing import Any

Json = dict[str, Any]

NUMBERS = ("orders", "visits")
TEXTS = ("nickname",)
WORDS = ("red", "Red", "blue", "green")
TAGS = ("hot", "cold", "vip")
LISTS = ("news", "vips")
#: event type -> attribute -> type, and whether it must have a value
EVENTS = {
    "purchase": {"cds": ("integer", True), "shop": ("string", False)},
    "ping": {"number": ("integer", False)},
}
ZONE = "Europe/Vienna"
PLAIN = (
    "change_field", "change_score", "change_tags", "add_to_list", "increment_number", "emit_custom_activity",
    "set_run_variable",
)  # fmt: skip
OTHERS = (
    "branch",
    "branch",
    "jump_to",
    "for_each",
    "wait_duration",
    "wait_duration",
    "exit_flow",
    "stop_if",
    "once_per",
    "transaction_group",
    "checkpoint",
    "request_campaign",
    "request_campaign",
    "execute_campaign",
    "join",
    "join",
)


class Author:
    """Writes one rulebook."""

    def __init__(self, random: Random, keys: list[str]) -> None:
        self.random = random
        self.keys = keys
        self.requestable = [key for key in keys if random.random() < 0.6]

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def one(self, *options: Any) -> Any:
        return self.random.choice(options)

    def rulebook(self) -> list[Json]:
        return [self.document(key) for key in self.keys]

    def document(self, key: str) -> Json:
        self.key, self.steps, self.variables, self.enclosed = key, 0, list[str](), set[str]()
        self.labels, self.requested = list[str](), set[str]()
        triggers = [self.trigger() for _ in range(self.one(1, 1, 2))]
        if key in self.requestable:
            triggers.append({"type": "campaign_requested"})
        heard = {trigger.get("event") for trigger in triggers}
        self.attributes = EVENTS[heard.pop()] if len(heard) == 1 and None not in heard else {}
        document: Json = {"triggers": triggers}
        if self.chance(0.3):
            document["filter"] = self.filter()
        if self.chance(0.7 if key in self.requestable else 0.4):
            document["qualification"] = self.qualification()
        if self.chance(0.4):
            document["exits"] = [self.way_out() for _ in range(self.one(1, 1, 2))]
        document["steps"] = self.body(0, self.random.randint(1, 5))
        self.aim(document["steps"])
        for way in document.get("exits", ()) if self.labels else ():
            way["undo"] = self.chance(0.7)
        return document

    # --- when

    def trigger(self) -> Json:
        kind = self.one(
            "event", "event", "event", "event", "field_changed", "score_changed", "score_crossed", "tag_added",
            "tag_removed", "list_joined", "lead_created", "campaign_entered", "campaign_ended",
        )  # fmt: skip
        trigger: Json = {"type": kind}
        if kind == "event":
            trigger["event"] = self.one("purchase", "purchase", "ping")
            if self.chance(0.3):
                name = self.one(*EVENTS[trigger["event"]])
                rule = self.comparison(EVENTS[trigger["event"]][name][0])
                trigger["where"] = [{"attribute": name} | rule]
        elif kind == "field_changed":
            trigger["field"] = self.one(*NUMBERS, *TEXTS, "score")
            if trigger["field"] in NUMBERS and self.chance(0.4):
                trigger["to"] = self.random.randint(0, 4)
        elif kind == "score_crossed":
            trigger["level"] = self.random.randint(1, 20)
        elif kind in ("tag_added", "tag_removed") and self.chance(0.6):
            trigger["tag"] = self.one(*TAGS)
        elif kind == "list_joined" and self.chance(0.6):
            trigger["list"] = self.one(*LISTS)
        elif kind in ("campaign_entered", "campaign_ended") and len(self.keys) > 1 and self.chance(0.7):
            trigger["campaign"] = self.one(*[key for key in self.keys if key != self.key])
        return trigger

    def qualification(self) -> Json:
        rule: Json = {}
        if self.chance(0.6):
            rule["times"] = self.random.randint(1, 3)
            if self.chance(0.6):
                rule["per"] = {"amount": 1, "unit": "days"}
                rule["calendar"] = self.chance(0.5)
        if "shop" in self.attributes and self.chance(0.4):
            rule["key"] = "{{ event.shop }}"
        if self.chance(0.7):
            rule["inside"] = self.one("ignore", "parallel", "restart", "restart")
        return rule

    def way_out(self) -> Json:
        way: Json = {"label": f"way {self.random.randint(1, 9)}"}
        if self.chance(0.6):
            way["trigger"] = self.trigger()
        if "trigger" not in way or self.chance(0.4):
            way["when"] = self.filter(eventless=True)
        return way

    # --- whether

    def comparison(self, type: str) -> Json:
        if self.chance(0.15):
            return {"operator": self.one("is_empty", "is_not_empty")}
        if type == "string":
            return {"operator": self.one("is", "is_not"), "value": self.one(*WORDS)}
        operator = self.one("is", "is_not", "greater_than", "at_most")
        rule: Json = {"operator": operator, "value": self.random.randint(0, 5)}
        if operator in ("greater_than", "at_most") and self.chance(0.3):
            rule["or_empty"] = True
        return rule

    def filter(self, depth: int = 0, *, eventless: bool = False) -> Json:
        if depth < 2 and self.chance(0.3):
            name = self.one("all", "any", "none", "exactly_one", "at_least")
            items = [self.filter(depth + 1, eventless=eventless) for _ in range(self.random.randint(1, 3))]
            count = {"count": self.random.randint(1, len(items))} if name == "at_least" else {}
            return {name: items} | count
        if not eventless and self.attributes and self.chance(0.3):
            name = self.one(*self.attributes)
            return {"event": name} | self.comparison(self.attributes[name][0])
        if not eventless and self.variables and self.chance(0.3):
            return {"run": self.one(*self.variables)} | self.comparison("integer")
        field = self.one(*NUMBERS, *TEXTS, "score", "tags", "lists")
        if field in ("tags", "lists"):
            options = TAGS if field == "tags" else LISTS
            return {"field": field, "operator": self.one("contains_any_of", "contains_none_of"),
                    "value": self.random.sample(options, self.random.randint(1, 2))}  # fmt: skip
        return {"field": field} | self.comparison("string" if field in TEXTS else "integer")

    # --- what

    def number(self) -> Any:
        """A literal or a token."""
        tokens = ["{{ lead.orders }}", "{{ lead.visits }}", "{{ lead.score }}"]
        tokens += [f"{{{{ run.{name} }}}}" for name in self.variables]
        tokens += [f"{{{{ event.{name} }}}}" for name, (type, _) in self.attributes.items() if type == "integer"]
        return self.one(*tokens) if self.chance(0.35) else self.random.randint(-2, 6)

    def text(self) -> Any:
        token = "{{ event.shop }}" if "shop" in self.attributes else "{{ lead.nickname }}"
        return token if self.chance(0.3) else self.one(*WORDS)

    def body(self, depth: int, length: int) -> list[Json]:
        steps = [self.step(depth) for _ in range(length)]
        return steps + (self.meeting() if depth < 3 and self.later() and self.chance(0.2) else [])

    def meeting(self) -> list[Json]:
        """Two runs of one campaign, asked for one after the other, and a wait for the first."""
        key = self.one(*self.later())
        self.requested.add(key)
        asked = {"campaign": key}
        joined = {"campaigns": [key], "timeout": self.period(1)}
        self.steps += 3
        actions = ("request_campaign", asked), ("execute_campaign", asked), ("join", joined)
        return [
            {"id": f"s{self.steps - 2 + place}", "action": action, "params": dict(params)}
            for place, (action, params) in enumerate(actions)
        ]

    def step(self, depth: int) -> Json:
        self.steps += 1
        action = self.one(*PLAIN, *(self.others() if depth < 3 else ()))
        step: Json = {"id": f"s{self.steps}", "action": action}
        make = getattr(self, action)
        if action in ("branch", "for_each", "transaction_group", "checkpoint", "join"):
            return step | {"params": make(depth)}
        if action in (*PLAIN[:-1], "wait_duration") and self.chance(0.2):
            step["choices"] = [{"when": self.filter(), "params": make()} for _ in range(self.one(1, 2))]
            return step | ({"default": make()} if self.chance(0.6) else {})
        return step | {"params": make()}

    def others(self) -> list[str]:
        """No campaign asks for one before it, so there are no circles; only what was requested is joined."""
        return [
            action
            for action in OTHERS
            if (action not in ("request_campaign", "execute_campaign") or self.later())
            and (action != "join" or self.requested)
        ]

    def later(self) -> list[str]:
        return [key for key in self.requestable if key > self.key]

    def change_field(self) -> Json:
        field = self.one(*NUMBERS, *TEXTS)
        value = self.text() if field in TEXTS else self.number()
        return {"field": field, "value": None if self.chance(0.15) else value}

    def change_score(self) -> Json:
        params = {"amount": self.number(), "op": self.one("add", "add", "sub", "set")}
        if self.chance(0.1):
            params["amount"] = 2**31
        return params | ({"max": 40} if self.chance(0.3) else {}) | ({"min": 0} if self.chance(0.3) else {})

    def change_tags(self) -> Json:
        return {"add": self.some(TAGS), "remove": self.some(TAGS)}

    def some(self, options: tuple[str, ...]) -> list[str]:
        return self.random.sample(options, self.random.randint(0, 2))

    def add_to_list(self) -> Json:
        return {"list": self.one(*LISTS)}

    def increment_number(self) -> Json:
        params = {"field": self.one(*NUMBERS), "by": self.number()}
        return params | ({"max": 12} if self.chance(0.3) else {}) | ({"min": -3} if self.chance(0.3) else {})

    def set_run_variable(self) -> Json:
        params = {"name": self.one("one", "two"), "type": "integer", "value": self.number()}
        self.variables.append(params["name"])
        return params

    def emit_custom_activity(self) -> Json:
        kind = self.one("purchase", "ping")
        attributes = {
            name: self.number() if type == "integer" else self.text()
            for name, (type, must) in EVENTS[kind].items()
            if must or self.chance(0.6)
        }
        key = {"dedupe_key": self.one("first", "second")} if self.chance(0.3) else {}
        return {"type": kind, "attributes": attributes} | key

    def branch(self, depth: int) -> Json:
        cases = [
            {"label": f"case {number}", "when": self.filter(), "steps": self.body(depth + 1, self.random.randint(0, 2))}
            for number in range(self.one(1, 2))
        ]
        default = {"default": self.body(depth + 1, self.random.randint(0, 2))} if self.chance(0.5) else {}
        return {"cases": cases} | default

    def jump_to(self) -> Json:
        return {"step": "", "max_jumps": self.random.randint(1, 3)}

    def aim(self, steps: list[Json]) -> None:
        """Let each jump go to some step, wherever that is nested."""
        for step in steps:
            params = step.get("params", {})
            if step["action"] == "jump_to":
                known = [f"s{number}" for number in range(1, self.steps + 1)]
                params["step"] = self.one(*[id for id in known if id not in self.enclosed])
            if step["action"] == "exit_flow" and self.labels and self.chance(0.8):
                params |= self.one({"undo": True}, {"undo_to": self.one(*self.labels)})
            nested = [params.get(name) for name in ("body", "default", "on_timeout")]
            for body in (*nested, *(c["steps"] for c in params.get("cases", ()))):
                self.aim(body or [])

    def for_each(self, depth: int) -> Json:
        name = self.one("item", "one")
        items = [self.number() for _ in range(self.random.randint(1, 4))]
        self.variables.append(name)
        params = {"as": name, "type": "integer", "items": items, "max": self.random.randint(2, 4),
                  "over_max": self.one("fail", "cut")}  # fmt: skip
        return params | {"body": self.body(depth + 1, self.random.randint(0, 2))}

    def transaction_group(self, depth: int) -> Json:
        """Steps that change the lead; often one that may fail."""
        return {"steps": [self.enclosed_step() for _ in range(self.random.randint(0, 4))]}

    def checkpoint(self, depth: int) -> Json:
        label = f"point {len(self.labels)}"
        self.labels.append(label)
        undo = [self.enclosed_step() for _ in range(self.random.randint(0, 2))]
        return {"label": label, "undo": undo, "on_failure": self.one("go_on", "undo")}

    def enclosed_step(self) -> Json:
        self.steps += 1
        id, action = f"s{self.steps}", self.one(*PLAIN[:-1], "change_score", "emit_custom_activity")
        self.enclosed.add(id)
        return {"id": id, "action": action, "params": getattr(self, action)()}

    def request_campaign(self) -> Json:
        key = self.one(*self.later())
        self.requested.add(key)
        return {"campaign": key}

    def execute_campaign(self) -> Json:
        return {"campaign": self.one(*self.later())}

    def join(self, depth: int) -> Json:
        campaigns = sorted(self.requested)
        params = {
            "campaigns": self.random.sample(campaigns, self.random.randint(1, len(campaigns))),
            "timeout": self.period(1),
            "mode": self.one("all", "all", "any", "n"),
            "count": self.one(1, 2),
        }
        return params | ({"on_timeout": self.body(depth + 1, self.random.randint(0, 2))} if self.chance(0.6) else {})

    def wait_duration(self) -> Json:
        return {"wait": self.period(0)}

    def period(self, least: int) -> Json:
        amount, unit = self.one((least, "minutes"), (20, "minutes"), (50, "minutes"), (5, "hours"), (1, "days"))
        return {"amount": amount, "unit": unit}

    def exit_flow(self) -> Json:
        return {"label": "enough"}

    def stop_if(self) -> Json:
        return {"rule": self.filter()}

    def once_per(self) -> Json:
        key = self.one("welcome", "welcome", "order", "{{ event.shop }}" if "shop" in self.attributes else "ping")
        return {"key": key} | ({"window": self.period(1)} if self.chance(0.5) else {})


def rulebook(seed: int) -> dict[str, Json]:
    """One to six campaigns by their keys."""
    random = Random(seed)
    keys = [f"c{number}" for number in range(1, random.randint(1, 6) + 1)]
    return dict(zip(keys, Author(random, keys).rulebook(), strict=True))


def happening(random: Random) -> tuple[str, Json]:
    """The type and data of a random event."""
    if random.random() < 0.3:
        return "ping", {} if random.random() < 0.3 else {"number": random.randint(0, 5)}
    shop = {} if random.random() < 0.3 else {"shop": random.choice(WORDS)}
    return "purchase", {"cds": random.randint(0, 5)} | shop
