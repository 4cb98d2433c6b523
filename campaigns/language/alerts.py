"""Mails to people of the tenant about a lead: to whom, and what is written down to be sent.

No rule about marketing holds for them, nothing of them counts as marketing, and the lead's campaigns hear nothing of
what becomes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from campaigns.language.addresses import read_mailbox
from campaigns.language.context import Context
from campaigns.language.effects import Deliver, Effect
from campaigns.language.lead import LeadState
from campaigns.language.messages import DESTINATION, Letter
from campaigns.language.outcome import BadValueError, Failed, MissingValueError, Outcome, Skipped
from campaigns.language.parameters import Kind, Prepared
from campaigns.language.scope import Scope
from campaigns.language.templates import compile_template, is_template
from campaigns.language.values import show

CHANNEL = "alert"
OWNER = "owner"
RECIPIENTS_LIMIT = 20

Read = Callable[[LeadState, Context], str]


class Recipients(Kind):
    """A list of `owner`, e-mail addresses and tokens."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> tuple[str | Read, ...]:
        """Each as its address, or as what reads it."""
        return tuple(self._recipient(item, scope, place) for item, place in _listed(raw, scope, path))

    def _recipient(self, raw: Any, scope: Scope, path: str) -> str | Read:
        if raw == OWNER:
            return _read_owner
        if is_template(raw):
            return compile_template(raw, scope, path, whole=True) or ""
        if isinstance(raw, str) and read_mailbox(raw):
            return raw
        scope.fault(path, f"expected owner, an e-mail address or a token, got {show(raw)}")
        return ""


class Colleagues(Kind):
    """A list of e-mail addresses of the tenant's owners."""

    def prepare(self, raw: Any, scope: Scope, path: str, done: Prepared) -> tuple[str, ...]:
        """The addresses. An owner who is inactive is a fault on publication only."""
        return tuple(self._colleague(item, scope, place) for item, place in _listed(raw, scope, path))

    def _colleague(self, raw: Any, scope: Scope, path: str) -> str:
        owners = scope.schema.owners
        if not isinstance(raw, str) or raw not in owners:
            scope.fault(path, f"unknown owner {show(raw)}{scope.hint(raw, owners)}")
            return ""
        if scope.publishing and raw in scope.schema.inactive_owners:
            scope.fault(path, f"owner {show(raw)} is inactive; choose an active one")
        return raw


def _listed(raw: Any, scope: Scope, path: str) -> Iterable[tuple[Any, str]]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= RECIPIENTS_LIMIT:
        scope.fault(path, f"expected a list of 1 to {RECIPIENTS_LIMIT}, got {show(raw)}")
        return ()
    return [(item, f"{path}[{place}]") for place, item in enumerate(raw)]


def _read_owner(lead: LeadState, context: Context) -> str:
    owner = lead.values.get("owner")
    if not owner:
        raise MissingValueError("missing: the lead has no owner")
    return str(owner)


def alert(
    letter: Letter, recipients: Iterable[str | Read], lead: LeadState, context: Context
) -> list[Effect] | Outcome:
    """A mail to each of them, written as the lead is now. Who cannot be written to is left out and named; it fails, or
    is skipped for what is missing, where nobody remains."""
    if letter.refusal is not None:
        return Skipped(letter.refusal)
    try:
        parts = letter.write(lead, context)
    except MissingValueError as missing:
        return Skipped(str(missing))
    found: dict[str, str] = {}
    problems: list[Outcome] = []
    for recipient in recipients:
        got = _address(recipient, lead, context)
        if isinstance(got, str):
            found.setdefault(got.casefold(), got)
        else:
            problems.append(got)
    if not found:
        return next((problem for problem in problems if isinstance(problem, Failed)), problems[0])
    left_out = {"left_out": [problem.reason for problem in problems]} if problems else {}
    return [_mail(letter, parts, to, left_out) for to in found.values()]


def _mail(letter: Letter, parts: dict[str, str], to: str, left_out: dict[str, Any]) -> Deliver:
    said = {"email": letter.key, "to": to, "subject": parts["subject"], **left_out}
    return Deliver(CHANNEL, DESTINATION, letter.key, {**parts, "to": to}, said)


def _address(recipient: str | Read, lead: LeadState, context: Context) -> str | Outcome:
    try:
        text = recipient(lead, context) if callable(recipient) else recipient
    except MissingValueError as missing:
        return Skipped(str(missing))
    except BadValueError as error:
        return Failed(str(error))
    mailbox = read_mailbox(text)
    return Failed(f"{show(text)} is no e-mail address") if mailbox is None else mailbox.address
