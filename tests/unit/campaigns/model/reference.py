"""What campaigns mean, in the plainest way there is: a walk over their documents, one event after the other.

It shares no code with the interpreter. It keeps no index and no program: for each event it looks at all campaigns, and
a run's place is found by walking the document anew. Documents must be free of faults.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.unit.campaigns.model.actions import Actions, period
from tests.unit.campaigns.model.conditions import hears, holds, value_of

DEPTH_LIMIT = 10
STEPS_LIMIT = 1_000
CHAIN_ENDS_AFTER = timedelta(hours=1)

Json = dict[str, Any]
#: ("run", step) executes a step, ("again", step) a loop whose body is done, ("woken", step) one that a run rested at.
Place = tuple[str, str] | None
Row = tuple[str, str | None, str | None]  #: campaign, step and outcome; no outcome where a loop was stopped


class StoppedError(Exception):
    """All that follows from this event ends here."""


def new_lead() -> Json:
    """A lead as it is before anything happened to it."""
    return {"values": {"score": 0}, "tags": set(), "lists": set(), "records": {}, "runs": [], "known": False}


def bodies(step: Json) -> Iterator[tuple[list[Json], bool]]:
    """The lists of steps within a step, and whether they are gone through again and again."""
    params = step.get("params") or {}
    if step["action"] == "branch":
        for case in params["cases"]:
            yield case["steps"], False
        yield params.get("default", []), False
    if step["action"] == "join":
        yield params.get("on_timeout", []), False
    if step["action"] == "for_each":
        yield params["body"], True
    if step["action"] == "transaction_group":
        yield params["steps"], True
    if step["action"] == "checkpoint":
        yield params["undo"], True


def find(steps: list[Json], id: str) -> Json | None:
    """The step of an id, wherever it is nested."""
    for step in steps:
        if step["id"] == id:
            return step
        for body, _ in bodies(step):
            found = find(body, id)
            if found is not None:
                return found
    return None


def following(steps: list[Json], id: str, then: Place) -> tuple[bool, Place]:
    """Whether the step is among these, and what comes after it; `then` comes after them all."""
    for number, step in enumerate(steps):
        rest: Place = ("run", steps[number + 1]["id"]) if number + 1 < len(steps) else then
        if step["id"] == id:
            return True, rest
        for body, loops in bodies(step):
            found, place = following(body, id, ("again", step["id"]) if loops else rest)
            if found:
                return True, place
    return False, None


def joined(steps: list[Json]) -> set[str]:
    """The campaigns that these steps, or steps within them, wait for."""
    own = {key for step in steps if step["action"] == "join" for key in step["params"]["campaigns"]}
    return own.union(*(joined(body) for step in steps for body, _ in bodies(step)))


class Reference:
    """One tenant's campaigns: [{"id", "key", "document"}] in their order."""

    def __init__(self, campaigns: list[Json], events: dict[str, Json], zone: str) -> None:
        self.campaigns = campaigns
        self.events = events  #: event type -> attribute -> whether it must have a value
        self.zone = ZoneInfo(zone)

    def happen(self, lead: Json, event: Json, now: datetime) -> list[Row]:
        """An event from outside with all that follows. Returns the rows of its steps and runs."""
        one = _Happening(self, lead, event, now)
        with suppress(StoppedError):
            one.begin()
        return one.rows


class _Happening(Actions):
    def __init__(self, tenant: Reference, lead: Json, event: Json, now: datetime) -> None:
        self.tenant = tenant
        self.lead = lead
        self.event = event
        self.now = now
        self.at: datetime = event["at"]
        self.rows: list[Row] = []
        self.queue: deque[tuple[str, Json, int]] = deque()
        self.begun: list[Json] = []
        self.beginning: Json = {}  #: what the request says whose run is beginning
        self.executed = 0

    def begin(self) -> None:
        if not self.lead["known"]:
            self.lead["known"] = True
            self.handle("lead.created", {}, 0)
            self.handle_what_arose()
        if self.event["type"] == "run.due":
            self.wake()
        else:
            self.handle(self.event["type"], self.event["data"], 0)
        self.handle_what_arose()

    def handle_what_arose(self) -> None:
        while self.queue:
            type, data, depth = self.queue.popleft()
            self.beginning = data
            self.handle(type, data, depth)

    def log(self, campaign: Json, step: str | None, outcome: str | None) -> None:
        self.rows.append((campaign["key"], step, outcome))

    # --- events

    def handle(self, type: str, data: Json, depth: int) -> None:
        """Parked runs first, then the campaigns in their order, then exits that look at the lead."""
        event = {"type": type, "data": data, "at": self.at}
        for run in list(self.lead["runs"]):
            self.leave(run, [way for way in self.exits(run) if "trigger" in way], event)
        for campaign in self.tenant.campaigns:
            document = campaign["document"]
            if not any(hears(trigger, event, campaign["key"]) for trigger in document["triggers"]):
                continue
            if not holds(document.get("filter"), self.lead, event, {}):
                continue
            if depth > DEPTH_LIMIT:
                self.log(campaign, None, None)
                raise StoppedError
            self.enter(campaign, event, depth)
        self.beginning = {}
        self.look_around(event)

    def look_around(self, event: Json) -> None:
        """Until nothing happens any more."""
        before = -1
        while before != len(self.rows):
            before = len(self.rows)
            for run in list(self.lead["runs"]):
                self.leave(run, [way for way in self.exits(run) if "trigger" not in way], event)
                step = find(run["campaign"]["document"]["steps"], run["step"])
                if run in self.lead["runs"] and step is not None and step["action"] == "join":
                    self.go_on(run)

    def exits(self, run: Json) -> list[Json]:
        ways: list[Json] = run["campaign"]["document"].get("exits", [])
        return ways

    def leave(self, run: Json, ways: list[Json], event: Json) -> None:
        """End a parked run by the first of these ways that is met."""
        for way in ways if run in self.lead["runs"] else ():
            if "trigger" in way and not hears(way["trigger"], event, run["campaign"]["key"]):
                continue
            if holds(way.get("when"), self.lead, event, {}):
                return self.end_undoing(run) if way.get("undo") and run["passed"] else self.end_parked(run)

    def end_parked(self, run: Json) -> None:
        self.log(run["campaign"], run["step"], "done")
        self.over(run)

    def end_undoing(self, run: Json) -> None:
        self.log(run["campaign"], run["step"], "done")
        self.walk(run, self.undo(run, run["passed"]))

    def over(self, run: Json) -> None:
        self.forget(run)
        run["is_over"] = True
        self.arise("campaign.ended", {"campaign": run["campaign"]["key"]}, run["depth"])
        for parent in list(self.lead["runs"]):
            if parent["id"] == run["parent"]:
                parent["child_is_over"] = True
                self.go_on(parent)

    def forget(self, run: Json) -> None:
        self.lead["runs"] = [other for other in self.lead["runs"] if other is not run]

    def arise(self, type: str, data: Json, depth: int) -> None:
        self.queue.append((type, data, depth + 1))

    # --- runs

    def enter(self, campaign: Json, event: Json, depth: int) -> None:
        key = self.admit(campaign, event)
        if key is not None:
            self.start(campaign, key, event, depth, "")

    def admit(self, campaign: Json, event: Json) -> str | None:
        """The key of the run that may begin."""
        rule = campaign["document"].get("qualification") or {}
        key: str = value_of(rule.get("key"), self.lead, event, {}) or ""
        others = [run for run in self.lead["runs"] if run["campaign"] is campaign and run["key"] == key]
        inside = rule.get("inside", "ignore")
        if (others and inside == "ignore") or not self.may_enter(rule, campaign, key, event["at"]):
            return None
        for other in others if inside == "restart" else ():
            if other in self.lead["runs"]:
                self.end_parked(other)
        if "times" in rule:
            self.lead["records"]["entry", campaign["key"], key] = [
                *self.entries(rule, campaign, key, event["at"]),
                event["at"],
            ]
        return key

    def start(self, campaign: Json, key: str, event: Json, depth: int, parent: str) -> None:
        run = {
            "id": f"{self.event['key']}.{campaign['id']}.{len(self.begun) + 1}",
            "campaign": campaign, "key": key, "event": event, "depth": depth, "variables": {}, "jumps": {},
            "loops": {}, "step": "", "until": None, "since": None, "before": None, "waits": 0,
            "passed": [], "undoing": [], "parent": parent, "requested": [], "child_is_over": False, "is_over": False,
        }  # fmt: skip
        self.begun.append(run)
        self.arise("campaign.entered", {"campaign": campaign["key"]}, depth)
        self.walk(run, ("run", campaign["document"]["steps"][0]["id"]))

    def request(self, campaign: str, run: Json) -> None:
        """Ask for a campaign; what is joined later is told who asked."""
        asked: Json = {"campaign": campaign}
        if campaign in joined(run["campaign"]["document"]["steps"]):
            asked["by"] = run["id"], len(run["requested"])
            run["requested"].append(campaign)
        self.arise("campaign.requested", asked, run["depth"])

    def going(self) -> set[Any]:
        """The requests that are to come, that are just beginning, or have a run that is not over."""
        coming = [data for _, data, _ in self.queue] + [self.beginning]
        inside = self.lead["runs"] + [run for run in self.begun if not run["is_over"]]
        return {data.get("by") for data in coming + [run["event"]["data"] for run in inside]}

    def execute(self, params: Json, run: Json) -> str:
        """Let another campaign run first, if it admits the lead."""
        if run["depth"] >= DEPTH_LIMIT:
            return "failed"
        event = {"type": "campaign.requested", "data": {"campaign": params["campaign"]}, "at": run["event"]["at"]}
        campaign = next(one for one in self.tenant.campaigns if one["key"] == params["campaign"])
        if not holds(campaign["document"].get("filter"), self.lead, event, {}):
            return "done"
        key = self.admit(campaign, event)
        if key is None:
            return "done"
        self.rest(run, params, None)
        try:
            self.start(campaign, key, event, run["depth"] + 1, run["id"])
        except StoppedError:
            self.forget(run)
            raise
        return "executes"

    def may_enter(self, rule: Json, campaign: Json, key: str, at: datetime) -> bool:
        return "times" not in rule or len(self.entries(rule, campaign, key, at)) < rule["times"]

    def entries(self, rule: Json, campaign: Json, key: str, at: datetime) -> list[datetime]:
        """Those that count for an event of that time; others are forgotten with the next entry."""
        known: list[datetime] = self.lead["records"].get(("entry", campaign["key"], key), [])
        if "per" not in rule:
            return known
        if rule.get("calendar"):  # of days
            day = at.astimezone(self.tenant.zone).date()
            return [one for one in known if one.astimezone(self.tenant.zone).date() >= day]
        return [one for one in known if one > at - period(rule["per"])]

    def wake(self) -> None:
        for run in list(self.lead["runs"]):
            if (run["id"], run["waits"]) == (self.event["run"], self.event["waits"]):
                self.go_on(run)
        self.look_around({"type": "run.due", "data": {}, "at": self.at})

    def go_on(self, run: Json) -> None:
        if self.now - run["since"] >= CHAIN_ENDS_AFTER:
            run["depth"] = 0
        try:
            self.walk(run, ("woken", run["step"]))
        except StoppedError:
            self.forget(run)
            raise

    def rest(self, run: Json, params: Json, outcome: str | None = "deferred") -> None:
        run |= {"params": params, "since": self.now, "waits": run["waits"] + 1, "stored": run["depth"]}
        if run not in self.lead["runs"]:
            self.lead["runs"].append(run)
        if outcome:
            self.log(run["campaign"], run["step"], outcome)

    def rest_on(self, run: Json) -> None:
        """It rests as before: nothing of it is written, unless its chain of events has ended since."""
        self.executed -= 1
        run["waits"] += run["depth"] != run["stored"]
        run["stored"] = run["depth"]

    def walk(self, run: Json, place: Place) -> None:
        """Execute steps until the run is over or rests."""
        steps = run["campaign"]["document"]["steps"]
        while place is not None:
            self.executed += 1
            how, id = place
            if self.executed > STEPS_LIMIT:
                self.put_back(run)
                self.log(run["campaign"], id, None)
                raise StoppedError
            step = find(steps, id)
            assert step is not None
            run["step"] = id
            after = following(steps, id, None)[1]
            params = run["params"] if how == "woken" else self.chosen(step, run)
            if params is None:
                place = after
                continue
            answer = getattr(self, step["action"])(params, run, how == "again")
            if answer == "executes":
                return
            if answer == "rest":
                return self.rest_on(run) if how == "woken" else self.rest(run, params)
            outcome, place = answer if isinstance(answer, tuple) else (answer, after)
            if outcome == "failed" and run["before"]:
                id = run["before"]["group"]
                self.put_back(run)
                place = following(steps, id, None)[1]
            if place == "after":
                place = after
            self.log(run["campaign"], id, outcome)
            if outcome == "failed" and not run["undoing"] and any(p["on_failure"] == "undo" for _, p in run["passed"]):
                self.log(run["campaign"], id, "done")
                place = self.undo(run, run["passed"])
        self.over(run)

    def chosen(self, step: Json, run: Json) -> Json | None:
        """The parameters that apply; None when no choice does."""
        if "params" in step:
            params: Json = step["params"]
            return params
        for choice in step["choices"]:
            if holds(choice["when"], self.lead, run["event"], run["variables"]):
                found: Json = choice["params"]
                return found
        return step.get("default")

    def read(self, raw: Any, run: Json) -> Any:
        return value_of(raw, self.lead, run["event"], run["variables"])

    def holds(self, rule: Json, run: Json) -> bool:
        return holds(rule, self.lead, run["event"], run["variables"])
