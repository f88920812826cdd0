"""HTML of a caller's: what a reader sees of it, and the same in markup that cannot misbehave."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence


def _names(told: str) -> frozenset[str]:
    return frozenset(told.split())


_KEPT = _names(
    "a b blockquote br code div em h1 h2 h3 h4 hr i li ol p pre s small span strong sub sup "
    "table tbody td th thead tr u ul"
)
_VOID = _names("area base br col embed hr img input link meta wbr")
_UNREAD = _names(
    "script style title textarea template noscript select head object iframe svg math xmp"
)
"""Elements whose content is no text of a message."""
_BLOCKS = _names("blockquote br div h1 h2 h3 h4 hr li ol p pre table tr ul")
_CELLS = _names("td th")
_SCHEMES = _names("http https mailto")
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0|opacity\s*:\s*0"
    r"|(?:max-)?(?:height|width)\s*:\s*0|color\s*:\s*transparent|text-indent\s*:\s*-\d"
)


@dataclass
class Link:
    """Where a link leads, and the text by which it is shown."""

    target: str
    text: str = ""


@dataclass
class Shown:
    """What is shown of a body: its text, the links, and markup of known elements alone."""

    text: str = ""
    markup: str = ""
    links: list[Link] = field(default_factory=list[Link])


def read_markup(body: str) -> Shown:
    """Return what a body shows. Elements that it leaves open are closed, and hidden ones left out.

    Of attributes nothing stays but where links lead.
    """
    reader = _Reader()
    reader.feed(body)
    reader.close()
    reader.end()
    return Shown("".join(reader.texts).strip(), "".join(reader.markup), reader.links)


@dataclass
class _Element:
    tag: str
    is_unread: bool
    is_kept: bool
    link: Link | None = None


class _Reader(HTMLParser):
    """Counts what is open: to look through it for each element is slow where thousands nest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.markup: list[str] = []
        self.links: list[Link] = []
        self._open: list[_Element] = []
        self._open_tags = Counter[str]()
        self._open_links: list[Link] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        is_unread = tag in _UNREAD or "hidden" in told
        is_unread = is_unread or bool(_HIDING.search(told.get("style", "").lower()))
        is_kept = tag in _KEPT and not is_unread and not self._unread
        if tag in _BLOCKS and is_kept:
            self.texts.append("\n")
        elif tag in _CELLS and is_kept:
            self.texts.append(" ")
        if tag in _VOID:
            self.markup += [f"<{tag}>"] if is_kept else []
            return
        link = self._linked(tag, told) if is_kept else None
        if is_kept:
            target = "" if link is None else f' href="{html.escape(link.target)}"'
            self.markup.append(f"<{tag}{target}>")
        self._open.append(_Element(tag, is_unread, is_kept, link))
        self._open_tags[tag] += 1
        self._open_links += [] if link is None else [link]
        self._unread += is_unread

    def handle_endtag(self, tag: str) -> None:
        if not self._open_tags[tag]:
            return
        while self._close().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._unread:
            return
        self.texts.append(data)
        self.markup.append(html.escape(data))
        for link in self._open_links:
            link.text += data

    def end(self) -> None:
        """Close what was left open."""
        while self._open:
            self._close()

    def _close(self) -> _Element:
        one = self._open.pop()
        self._open_tags[one.tag] -= 1
        self._unread -= one.is_unread
        if one.link is not None:
            self._open_links.pop()
        if one.is_kept:
            self.markup.append(f"</{one.tag}>")
            self.texts += ["\n"] if one.tag in _BLOCKS else []
        return one

    def _linked(self, tag: str, told: dict[str, str]) -> Link | None:
        target = told.get("href", "").strip()
        try:
            is_good = tag == "a" and urlsplit(target).scheme.lower() in _SCHEMES
        except ValueError:
            return None
        if not is_good:
            return None
        link = Link(target)
        self.links.append(link)
        return link
