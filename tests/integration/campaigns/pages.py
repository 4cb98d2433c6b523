"""Pages as a browser has them: the inputs of a form with their values, to be changed and sent back."""

from __future__ import annotations

from html.parser import HTMLParser

Values = dict[str, list[str]]


class FormReader(HTMLParser):
    """The values of all inputs that a browser would send."""

    def __init__(self) -> None:
        super().__init__()
        self.values: Values = {}
        self._textarea: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "input":
            self._input(given)
        elif tag == "textarea":
            self._textarea = given.get("name")
            self._add(self._textarea, "")
        elif tag == "select":
            self._select = given.get("name")
        elif tag == "option" and "selected" in given:
            self._add(self._select, given.get("value"))

    def _input(self, given: dict[str, str | None]) -> None:
        kind = given.get("type") or "text"
        if kind in ("submit", "button") or (kind in ("checkbox", "radio") and "checked" not in given):
            return
        self._add(given.get("name"), given.get("value"))

    def _add(self, name: str | None, value: str | None) -> None:
        if name:
            self.values.setdefault(name, []).append(value or "")

    def handle_data(self, data: str) -> None:
        if self._textarea:
            # A browser drops the line break after <textarea>.
            self.values[self._textarea] = [(self.values[self._textarea][0] + data).removeprefix("\n")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = None


def read_form(body: bytes) -> Values:
    """The inputs of a page and their values."""
    reader = FormReader()
    reader.feed(body.decode())
    return reader.values
