"""Who acts: the person behind a change, for the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponseBase

_user: ContextVar[Any] = ContextVar("fairlane_acting_user", default=None)


@contextmanager
def acting_as(user: Any) -> Iterator[None]:
    """Changes made inside are this user's; takes a Django user or a name."""
    before = _user.set(user)
    try:
        yield
    finally:
        _user.reset(before)


def acting_user() -> str | None:
    """The name of the person who acts now, if known."""
    user = _user.get()
    if user is None or isinstance(user, str):
        return user
    return user.get_username() if user.is_authenticated else None


class ActingUserMiddleware:
    """Who is logged in acts. The user is looked up only if something asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with acting_as(request.user):
            return self.get_response(request)
