"""What a reader sees of a message in HTML, as far as that takes no style sheet."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNSHOWN = frozenset({"script", "style", "title", "textarea", "template", "noscript", "select"})
_VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
_RAW = frozenset({"title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"})
"""Elements whose content is no markup, beside those that the parser knows of."""
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d]*[1-9])"
)


class _Reader(HTMLParser):
    """Collects texts and links that are shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self.links: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._raw = ""

    @property
    def _is_hidden(self) -> bool:
        return bool(self._raw) or any(hides for _, hides in self._open)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if self._raw:
            return
        told = {name: value or "" for name, value in attrs}
        if tag == "a" and not self._is_hidden and "href" in told:
            self.links.append(told["href"])
        if tag in _RAW:
            self._raw = tag
        elif tag not in _VOID:
            hides = "hidden" in told or bool(_HIDING.search(told.get("style", "").lower()))
            self._open.append((tag, hides or tag in _UNSHOWN))

    def handle_endtag(self, tag: str) -> None:
        if self._raw:
            self._raw = "" if tag == self._raw else self._raw
            return
        names = [name for name, _ in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._is_hidden:
            self.shown.append(data)


def shown_in(html: str) -> tuple[str, list[str]]:
    """Return the text of a document that is shown, and where the links lead that are."""
    reader = _Reader()
    reader.feed(html)  # and no more: what is left open at the end shows nothing
    return "".join(reader.shown), reader.links
