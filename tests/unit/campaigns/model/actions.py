"""What the steps of random campaigns do, in the plainest way.

Each answers with its outcome, or with its outcome and what comes next.
"""

from __future__ import annotations

from collections import deque
from copy import deepcopy
from datetime import timedelta
from typing import Any

Json = dict[str, Any]

SCORE_LIMIT = 2**31 - 1
PASSED_LIMIT = 50


def period(raw: Json) -> timedelta:
    """Spans of minutes to weeks."""
    return timedelta(**{raw["unit"]: raw["amount"]})


def held(number: int, params: Json) -> int:
    """The number, or the end that it passed."""
    number = max(number, params.get("min", number))
    return min(number, params.get("max", number))


class Actions:
    """Methods of a reference.Happening, one for each action, and what they need."""

    lead: Json
    tenant: Any
    rows: list[Any]
    queue: deque[Any]
    now: Any
    arise: Any
    read: Any
    holds: Any
    request: Any
    execute: Any
    going: Any

    def set(self, run: Json, field: str, new: Any) -> str:
        old = self.lead["values"].get(field)
        if old == new:
            return "no_op"
        self.lead["values"][field] = new
        change = {"field": field, "old": old, "new": new}
        self.arise("field.changed", change, run["depth"])
        if field == "score":
            self.arise("score.changed", change, run["depth"])
        return "done"

    def change_field(self, params: Json, run: Json, again: bool) -> str:
        return self.set(run, params["field"], self.read(params["value"], run))

    def increment_number(self, params: Json, run: Json, again: bool) -> str:
        by = self.read(params["by"], run)
        if by is None:
            return "skipped"
        new = (self.lead["values"].get(params["field"]) or 0) + by
        return self.set(run, params["field"], held(new, params))

    def change_score(self, params: Json, run: Json, again: bool) -> str:
        amount = self.read(params["amount"], run)
        if amount is None:
            return "skipped"
        old, op = self.lead["values"]["score"], params.get("op", "add")
        new = {"add": old + amount, "sub": old - amount, "set": amount}[op]
        new = held(new, params)
        return "failed" if abs(new) > SCORE_LIMIT else self.set(run, "score", new)

    def change_tags(self, params: Json, run: Json, again: bool) -> str:
        before = set(self.lead["tags"])
        remove = set(params.get("remove", ()))
        self.lead["tags"] = (before | set(params.get("add", ()))) - remove
        for tag in sorted(self.lead["tags"] - before):
            self.arise("tag.added", {"tag": tag}, run["depth"])
        for tag in sorted(before - self.lead["tags"]):
            self.arise("tag.removed", {"tag": tag}, run["depth"])
        return "no_op" if self.lead["tags"] == before else "done"

    def add_to_list(self, params: Json, run: Json, again: bool) -> str:
        if params["list"] in self.lead["lists"]:
            return "no_op"
        self.lead["lists"].add(params["list"])
        self.arise("list.joined", {"list": params["list"]}, run["depth"])
        return "done"

    def set_run_variable(self, params: Json, run: Json, again: bool) -> str:
        before = run["variables"].get(params["name"])
        run["variables"][params["name"]] = self.read(params["value"], run)
        return "no_op" if run["variables"][params["name"]] == before else "done"

    def emit_custom_activity(self, params: Json, run: Json, again: bool) -> str:
        once = ("emitted", params["type"], params.get("dedupe_key"))
        if "dedupe_key" in params and once in self.lead["records"]:
            return "no_op"
        data = {name: self.read(raw, run) for name, raw in params["attributes"].items()}
        if any(must and data.get(name) is None for name, must in self.tenant.events[params["type"]].items()):
            return "failed"
        self.lead["records"][once] = True
        self.arise(params["type"], data, run["depth"])
        return "done"

    def branch(self, params: Json, run: Json, again: bool) -> tuple[str, Any]:
        for case in params["cases"]:
            if self.holds(case["when"], run):
                return "done", ("run", case["steps"][0]["id"]) if case["steps"] else "after"
        default = params.get("default", [])
        return "done", ("run", default[0]["id"]) if default else "after"

    def jump_to(self, params: Json, run: Json, again: bool) -> Any:
        count = run["jumps"].get(run["step"], 0) + 1
        if count > params["max_jumps"]:
            return "skipped"
        run["jumps"][run["step"]] = count
        return "done", ("run", params["step"])

    def for_each(self, params: Json, run: Json, again: bool) -> Any:
        """Who comes to the end of the steps without having begun the loop, by a jump, begins it there."""
        loops, id = run["loops"], run["step"]
        if not again or id not in loops:
            loops.pop(id, None)
            items = [item for item in (self.read(raw, run) for raw in params["items"]) if item is not None]
            most = params.get("max", 100)
            if len(items) > most and params.get("over_max", "fail") == "fail":
                return "failed"
            loops[id] = {"items": items[:most], "next": 0}
        loop = loops[id]
        if loop["next"] >= len(loop["items"]):
            run["variables"][params["as"]] = None
            del loops[id]
            return "done" if loop["items"] else "no_op"
        run["variables"][params["as"]] = loop["items"][loop["next"]]
        loop["next"] += 1
        return "done", ("run", params["body"][0]["id"]) if params["body"] else ("again", id)

    def transaction_group(self, params: Json, run: Json, again: bool) -> Any:
        if again:
            run["before"] = None
            return "done"
        kept = {name: deepcopy(self.lead[name]) for name in ("values", "tags", "lists", "records")}
        run["before"] = {
            "group": run["step"], "lead": kept, "rows": list(self.rows), "queue": list(self.queue),
        }  # fmt: skip
        return "done", ("run", params["steps"][0]["id"]) if params["steps"] else ("again", run["step"])

    def put_back(self, run: Json) -> None:
        before, run["before"] = run["before"], None
        if before:
            self.lead |= before["lead"]
            self.rows[:] = before["rows"]
            self.queue = deque(before["queue"])

    def wait_duration(self, params: Json, run: Json, again: bool) -> str:
        if run["until"] is None:
            run["until"] = self.now + period(params["wait"])
        if self.now >= run["until"]:
            run["until"] = None
            return "done"
        return "rest"

    def request_campaign(self, params: Json, run: Json, again: bool) -> str:
        self.request(params["campaign"], run)
        return "done"

    def execute_campaign(self, params: Json, run: Json, again: bool) -> str:
        if run["child_is_over"]:
            run["child_is_over"] = False
            return "done"
        answer: str = self.execute(params, run)
        return answer

    def join(self, params: Json, run: Json, again: bool) -> Any:
        """A request is over when it is neither to come nor has a run inside."""
        asked = [number for number, key in enumerate(run["requested"]) if key in params["campaigns"]]
        over = [number for number in asked if (run["id"], number) not in self.going()]
        needed = min({"all": len(asked), "any": 1, "n": params.get("count", 1)}[params.get("mode", "all")], len(asked))
        run["until"] = run["until"] or self.now + period(params["timeout"])
        if len(over) < needed and self.now < run["until"]:
            return "rest"
        run["until"] = None
        run["requested"] = [None if key in params["campaigns"] else key for key in run["requested"]]
        late = params.get("on_timeout") if len(over) < needed else None
        return ("done", ("run", late[0]["id"])) if late else "done"

    def exit_flow(self, params: Json, run: Json, again: bool) -> tuple[str, Any]:
        labels = [point["label"] for _, point in run["passed"]]
        if params.get("undo"):
            return "done", self.undo(run, run["passed"])
        if params.get("undo_to") in labels:
            last = len(labels) - 1 - labels[::-1].index(params["undo_to"])
            return "done", self.undo(run, run["passed"][last:])
        return "done", None

    def checkpoint(self, params: Json, run: Json, again: bool) -> Any:
        if again:
            return "done", self.undo(run, run["undoing"][:-1])
        if len(run["passed"]) >= PASSED_LIMIT:
            return "failed"
        run["passed"].append((run["step"], params))
        return "done"

    def undo(self, run: Json, points: list[Any]) -> Any:
        """Where what undoes the last of these begins."""
        run["undoing"] = list(points)
        if not points:
            return None
        id, point = points[-1]
        return ("run", point["undo"][0]["id"]) if point["undo"] else ("again", id)

    def stop_if(self, params: Json, run: Json, again: bool) -> Any:
        return ("done", None) if self.holds(params["rule"], run) else "no_op"

    def once_per(self, params: Json, run: Json, again: bool) -> Any:
        key = self.read(params["key"], run)
        if key is None:
            return "skipped"
        at, last = run["event"]["at"], self.lead["records"].get(("once", key))
        if last is not None and ("window" not in params or at < last + period(params["window"])):
            return "done", None
        self.lead["records"]["once", key] = at
        return "done"
