"""Parameters that refer to what is sent: an e-mail's templates, a webhook's body, compiled where they are used.

What a template may refer to depends on the triggers of the campaign, so each step compiles it for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from campaigns.language.addresses import read_mailbox
from campaigns.language.context import Context
from campaigns.language.definition import Defined
from campaigns.language.lead import LeadState
from campaigns.language.outcome import BadValueError
from campaigns.language.parameters import Prepared
from campaigns.language.references import DefinedRef
from campaigns.language.schema import UNDECLARED, AttributeSpec
from campaigns.language.scope import Scope
from campaigns.language.templates import Template, compile_template, is_template
from campaigns.language.tokens import Dynamic, typed_value

Write = Callable[[LeadState, Context], Any]

#: One relay takes the mails of all tenants.
DESTINATION = "smtp"

SUBJECT_LIMIT = 500  #: characters
_ANYTHING = AttributeSpec("", UNDECLARED)


class Letter:
    """An e-mail, ready to be written to leads."""

    def __init__(self, defined: Defined, parts: Mapping[str, str | Template]) -> None:
        self.key = defined.key
        self.refusal = _refusal(defined)  #: why it is not sent to anybody
        self._parts = parts

    def write(self, lead: LeadState, context: Context) -> dict[str, str]:
        """Its parts for one lead. Raises BadValueError where one of them is not what it has to be, and
        MissingValueError where it speaks of a value that there is not."""
        done = {name: part(lead, context) if isinstance(part, Template) else part for name, part in self._parts.items()}
        done["subject"] = " ".join(done["subject"].split())[:SUBJECT_LIMIT]  # whatever a token brings, it is one line
        if not done["subject"]:
            raise BadValueError("the subject is empty")
        for name in ("from", "reply_to"):
            if (done[name] or name == "from") and read_mailbox(done[name]) is None:
                raise BadValueError(f"{name} is no address: {done[name][:100]!r}")
        return done


def _refusal(defined: Defined) -> str | None:
    if defined.archived:
        return f"policy: {defined.key} is archived"
    return None if defined.spec.approved else f"policy: {defined.key} is not approved"


class EmailRef(DefinedRef):
    """An e-mail of the tenant, by its key. To be published with, it must be approved."""

    def __init__(self, doc: str) -> None:
        super().__init__(doc, "email")

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The e-mail with its templates compiled."""
        found = super().prepare(raw, scope, path, done)
        if found is None:
            return None
        if scope.publishing and not found.spec.approved:
            scope.fault(path, f"e-mail '{found.key}' is not approved")
        return Letter(found, {name: _part(name, text, scope, path) for name, text in found.spec.parts().items()})


def _part(name: str, text: str, scope: Scope, path: str) -> str | Template:
    """A template at fault is none: the step it is for fails, and nobody is written to."""
    return (is_template(text) and _compile_part(name, text, scope, f"{path}.{name}")) or text


def _compile_part(name: str, text: str, scope: Scope, path: str) -> Template | None:
    return compile_template(text, scope, path, whole=name != "reply_to", html=name == "html")


class Call:
    """A webhook, ready to be called for leads."""

    def __init__(self, defined: Defined, body: Any) -> None:
        self.key = defined.key
        self.spec = defined.spec
        self.archived = defined.archived
        self._body = body

    def body(self, lead: LeadState, context: Context) -> Any:
        """What is sent for one lead, as JSON."""
        if self._body is None:
            return {"lead": lead.key, "event": context.type, "occurred_at": context.occurred_at.isoformat()}
        return self._body(lead, context) if callable(self._body) else self._body


class WebhookRef(DefinedRef):
    """A webhook of the tenant, by its key."""

    def __init__(self, doc: str) -> None:
        super().__init__(doc, "webhook")

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> Any:
        """The webhook with its body compiled."""
        found = super().prepare(raw, scope, path, done)
        return found and Call(found, _compile(found.spec.body, scope, f"{path}.body"))


def _compile(raw: Any, scope: Scope, path: str) -> Any:
    """JSON in which each text may be a token or a template; constants stay what they are, the rest is a function."""
    if isinstance(raw, dict):
        parts = {key: _compile(item, scope, f"{path}.{key}") for key, item in raw.items()}
        return _together(parts, parts.values(), lambda fill: {key: fill(item) for key, item in parts.items()})
    if isinstance(raw, list):
        items = [_compile(item, scope, f"{path}[{place}]") for place, item in enumerate(raw)]
        return _together(items, items, lambda fill: [fill(item) for item in items])
    value = typed_value(raw, _ANYTHING, scope, path)
    return value.read if isinstance(value, Dynamic) else value


def _together(constant: Any, parts: Any, build: Callable[[Callable[[Any], Any]], Any]) -> Any:
    if not any(callable(part) for part in parts):
        return constant
    return lambda lead, context: build(lambda part: part(lead, context) if callable(part) else part)
