"""What a page shows to somebody whose browser runs no script: its text, its forms, its buttons."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urljoin

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer

_MOST = 1 << 18
"""Characters of a page that are looked at."""
_VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
_UNSEEN = frozenset({"head", "script", "style", "template", "title"})
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SUBMITS = frozenset({"submit", "image"})
_TICKED = frozenset({"checkbox", "radio"})
_INERT = frozenset({"button", "reset", "file"})
_SPACE = re.compile(r"\s+")
_REFRESH = re.compile(r"\s*[\d.]*\s*[;,]?\s*url\s*=\s*['\"]?\s*([^'\"]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Button:
    """What sends a form: its name and value go with it, where it has a name. ``words`` it shows."""

    name: str
    value: str
    words: str


@dataclass(frozen=True)
class Form:
    """A form: where it is sent, by which method, and what it is sent with if nobody changes it.

    ``fields`` are its controls by name, in order, with what they hold; ``buttons`` send it.
    ``open_fields`` are those that somebody fills in, ticks or chooses, as against hidden ones.
    """

    url: str
    method: str
    fields: tuple[tuple[str, str], ...]
    buttons: tuple[Button, ...]
    open_fields: frozenset[str]

    @property
    def names(self) -> set[str]:
        """The names of its controls."""
        return {name for name, _ in self.fields} | self.open_fields

    def filled(self, *changes: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        """Return what it is sent with when some controls hold something else."""
        changed = {name for name, _ in changes}
        return (*(pair for pair in self.fields if pair[0] not in changed), *changes)

    def without(self, *names: str) -> Form:
        """Return the same form that lacks some controls."""
        kept = tuple(pair for pair in self.fields if pair[0] not in names)
        return Form(self.url, self.method, kept, self.buttons, self.open_fields)


@dataclass(frozen=True)
class Page:
    """A page as it stands at a URL. ``leads_to`` is where it sends its reader by itself, if so."""

    url: str
    answer: Answer
    text: str = ""
    forms: tuple[Form, ...] = ()
    language: str = ""
    leads_to: str | None = None
    elements: frozenset[str] = frozenset()
    """The elements that it has, such as ``img``, and their attributes, such as ``img onerror``."""


def page_of(url: str, answer: Answer) -> Page:
    """Return an answer as a page; one that is no HTML has text alone, and nothing in it."""
    kind = (answer.header("content-type") or "").lower()
    leads_to = _refreshed(answer.header("refresh") or "")
    if "html" not in kind:
        return Page(url, answer, answer.text[:_MOST], leads_to=leads_to)
    reader = _Reader(url)
    reader.feed(answer.text[:_MOST])
    reader.close()
    text = _SPACE.sub(" ", "".join(reader.words)).strip()
    forms = tuple(one.form() for one in reader.forms)
    leads_to = leads_to or reader.leads_to
    if leads_to is not None:
        leads_to = urljoin(reader.base, leads_to)
    return Page(url, answer, text, forms, reader.language, leads_to, frozenset(reader.elements))


def _refreshed(told: str) -> str | None:
    found = _REFRESH.match(told)
    return found[1].strip() if found else None


@dataclass
class _Draft:
    url: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    buttons: list[Button] = field(default_factory=list[Button])
    open_fields: set[str] = field(default_factory=set[str])

    def form(self) -> Form:
        return Form(
            self.url,
            self.method,
            tuple(self.fields),
            tuple(self.buttons),
            frozenset(self.open_fields),
        )


class _Reader(HTMLParser):
    """Reads a page once, from its start to its end."""

    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = url
        self.words: list[str] = []
        self.forms: list[_Draft] = []
        self.elements: set[str] = set()
        self.language = ""
        self.leads_to: str | None = None
        self._form: _Draft | None = None
        self._unseen: list[str] = []
        """Elements that are open of which nothing is seen, the outermost first."""
        self._button: tuple[str, str] | None = None
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self._area: tuple[str, list[str]] | None = None
        self._said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element's beginning."""
        told = {name: value or "" for name, value in attrs}
        self.elements |= {tag, *(f"{tag} {name}" for name in told)}
        if tag not in _VOID and (self._unseen or tag in _UNSEEN or _is_hidden(told)):
            self._unseen.append(tag)
        self.words.append(" ")
        begin = getattr(self, f"_begin_{tag}", None)
        if begin is not None:
            begin(told)

    def handle_endtag(self, tag: str) -> None:
        """Take an element's end."""
        if tag in self._unseen:
            while self._unseen.pop() != tag:
                pass
        self.words.append(" ")
        end = getattr(self, f"_end_{tag}", None)
        if end is not None:
            end()

    def handle_data(self, data: str) -> None:
        """Take text."""
        if self._area is not None:
            self._area[1].append(data)
        if self._button is not None:
            self._said.append(data)
        if not self._unseen:
            self.words.append(data)

    def _begin_html(self, told: dict[str, str]) -> None:
        self.language = told.get("lang", "").lower()

    def _begin_base(self, told: dict[str, str]) -> None:
        self.base = urljoin(self.base, told.get("href", ""))

    def _begin_meta(self, told: dict[str, str]) -> None:
        if told.get("http-equiv", "").lower() == "refresh":
            self.leads_to = _refreshed(told.get("content", ""))

    def _begin_form(self, told: dict[str, str]) -> None:
        url = urljoin(self.base, told.get("action", ""))
        self._form = _Draft(url, "POST" if told.get("method", "").upper() == "POST" else "GET")
        self.forms.append(self._form)

    def _end_form(self) -> None:
        self._form = None

    def _begin_input(self, told: dict[str, str]) -> None:
        kind, name, value = told.get("type", "text").lower(), told.get("name", ""), "value"
        if kind in _SUBMITS:
            self._add_button(name, told.get(value, ""), told.get(value, "") or told.get("alt", ""))
        elif self._form is None or not name or kind in _INERT or "disabled" in told:
            return
        elif kind not in _TICKED or "checked" in told:
            self._form.fields.append((name, told.get(value, "on" if kind in _TICKED else "")))
        if self._form is not None and name and kind not in {"hidden", *_SUBMITS, *_INERT}:
            self._form.open_fields.add(name)

    def _begin_button(self, told: dict[str, str]) -> None:
        if told.get("type", "submit").lower() == "submit":
            self._button, self._said = (told.get("name", ""), told.get("value", "")), []

    def _end_button(self) -> None:
        if self._button is not None:
            self._add_button(*self._button, _SPACE.sub(" ", "".join(self._said)).strip())
        self._button = None

    def _add_button(self, name: str, value: str, words: str) -> None:
        if self._form is not None:
            self._form.buttons.append(Button(name, value, words))

    def _begin_select(self, told: dict[str, str]) -> None:
        self._select = (told.get("name", ""), [])

    def _begin_option(self, told: dict[str, str]) -> None:
        if self._select is not None:
            self._select[1].append((told.get("value", ""), "selected" in told))

    def _end_select(self) -> None:
        found, self._select = self._select, None
        if found is None or self._form is None or not found[0] or not found[1]:
            return
        chosen = [value for value, is_chosen in found[1] if is_chosen] or [found[1][0][0]]
        self._form.fields += [(found[0], value) for value in chosen]
        self._form.open_fields.add(found[0])

    def _begin_textarea(self, told: dict[str, str]) -> None:
        self._area = (told.get("name", ""), [])

    def _end_textarea(self) -> None:
        found, self._area = self._area, None
        if found is not None and self._form is not None and found[0]:
            self._form.fields.append((found[0], "".join(found[1])))
            self._form.open_fields.add(found[0])


def _is_hidden(told: dict[str, str]) -> bool:
    return "hidden" in told or _HIDDEN.search(told.get("style", "")) is not None
