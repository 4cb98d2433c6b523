"""What all views of the API share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from campaigns.api.authentication import ApiKeyAuthentication, HasScope
from campaigns.api.errors import ApiError, answer
from campaigns.language.storable import INTEGER_LIMIT


class AlwaysJson(BaseContentNegotiation):
    """Whatever the client says it accepts."""

    def select_parser(self, request: Request, parsers: Any) -> None:
        return None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """Authentication, scope and errors. Views read the body themselves and answer with json_response()."""

    scope: str | None = ""  #: what the key must be allowed to do
    authentication_classes = (ApiKeyAuthentication,)
    permission_classes = (HasScope,)
    parser_classes: tuple[Any, ...] = ()
    renderer_classes: tuple[type[BaseRenderer], ...] = APIView.renderer_classes
    content_negotiation_class = AlwaysJson
    http_method_names = ("get", "head", "post")

    def get_exception_handler(self) -> Callable[..., Any]:
        return answer


class ReadOrWrite(ApiView):
    """Reading something and changing it are rights of their own."""

    of: str  #: what scopes call it

    @property
    def scope(self) -> str:  # type: ignore[override]
        """By the request's method."""
        return f"{self.of}:write" if self.request.method in ("POST", "PUT") else f"{self.of}:read"


class CampaignView(ReadOrWrite):
    """Something of a campaign."""

    of = "campaigns"


def flag(request: Request, name: str) -> bool:
    """Whether the address says ?name=true. Raises ApiError for anything but true and false."""
    said = request.GET.get(name, "false")
    if said not in ("true", "false"):
        raise ApiError(400, "bad_request", f"“{name}” is true or false.")
    return said == "true"


def before(request: Request) -> int:
    """The number behind which a page begins: ?before=…, else there is none. Raises ApiError."""
    text = request.GET.get("before")
    if text is None:
        return INTEGER_LIMIT
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 1 <= int(text) <= INTEGER_LIMIT):
        raise ApiError(400, "bad_request", "“before” is the number that the page before this one ended with.")
    return int(text)
