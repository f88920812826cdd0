"""Reads a report as a browser would, as far as the tests need it."""

from __future__ import annotations

from html.parser import HTMLParser

_CELLS = frozenset({"td", "th"})
_EMPTY = frozenset({"meta", "input", "br"})


class Page(HTMLParser):
    """Collects elements, their attributes, and the text that is shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.contents: dict[str, list[str]] = {}
        self._open: list[str] = []
        self._shown: list[str] = []
        self.feed(text)
        self.close()

    @property
    def shown(self) -> str:
        """All text outside style and script, its white space collapsed."""
        return " ".join(" ".join(self._shown).split())

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element of this kind."""
        return [found for name, found in self.elements if name == tag]

    def content(self, tag: str) -> str:
        """Return the raw text of the only element of this kind."""
        return "".join(self.contents[tag])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag in _CELLS:
            self._end_cell()
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Demand that elements nest: a target's words that broke out would break this."""
        if tag == "tr":
            self._end_cell()
        if self._open.pop() != tag:
            raise AssertionError(f"</{tag}> closes something else")

    def _end_cell(self) -> None:
        """End a cell whose end tag is left out, as it may be (HTML, section 13.1.2.4)."""
        if self._open and self._open[-1] in _CELLS:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Note text."""
        inside = self._open[-1] if self._open else ""
        self.contents.setdefault(inside, []).append(data)
        if inside not in {"style", "script"}:
            self._shown.append(data)
