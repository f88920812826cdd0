"""What a tool answers, page after page, where its own schema takes what leads to the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.lists import listed
from conformance.text.nested import properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.profile.target import Target

MOST_PAGES = 5
"""Pages of one answer that are read."""
_TAKES = (
    *("cursor", "nextcursor", "aftercursor", "pagetoken", "nextpagetoken", "nexttoken"),
    *("continuationtoken", "continuation", "marker", "startafter", "startingafter", "after"),
    *("next", "page", "offset", "skip"),
)
"""What an argument is called that leads to a page: small letters alone, the surest first."""
_COUNTED = {"page": 2, "offset": 1, "skip": 1}
"""Arguments that count, with what leads beyond the first page where no result says so."""
_TELLS = {*_TAKES, "endcursor", "nextpage", "nextoffset", "nextmarker"} - _COUNTED.keys()
"""What a field of a result is called that leads on; a page's own number does not."""


@dataclass(frozen=True)
class Book:
    """A call that the profile names, and the argument that leads on, if the tool has one."""

    wire: Wire
    tool: str
    arguments: dict[str, Any]
    leads_on: str | None

    def turn_to(self, key: str, place: object = None) -> Answer:
        """Ask for the page at a place that an answer told; for the first one without."""
        more = {} if place is None or self.leads_on is None else {self.leads_on: place}
        return self.wire.call_tool(self.tool, {**self.arguments, **more}, key=key)

    def pages(self, key: str) -> Iterator[Answer]:
        """Yield the pages that a caller is shown, as many as lead from one to the next."""
        place: object = None
        for number in range(MOST_PAGES):
            page = self.turn_to(key, place)
            yield page
            place = self.next_of(page, number)
            if place is None or not page.succeeded:
                return

    def next_of(self, page: Answer, number: int = 0) -> object:
        """Return what leads from a page to the next; None from the last, as far as it tells."""
        if self.leads_on is None:
            return None
        told = [value for path, value in properties(page.data) if _plain(path[-1]) in _TELLS]
        found = next((one for one in told if _is_place(one)), None)
        counts = _COUNTED.get(_plain(self.leads_on))
        return counts + number if found is None and not told and counts else found


def books(wire: Wire, target: Target, key: str) -> list[Book]:
    """Return the calls of the profile that change nothing, each once."""
    tools = target.tools
    calls: list[tuple[str, dict[str, Any]]] = [(tools.tenant_data, {})] if tools.tenant_data else []
    calls += [(one.listed_by, {}) for one in tools.by_id]
    if tools.validated:
        calls.append((tools.validated.name, tools.validated.arguments))
    taken = {str(one.get("name")): arguments_of(one) for one in listed(wire, "tools/list", key)}
    found: list[Book] = []
    for name, arguments in calls:
        if not any((one.tool, one.arguments) == (name, arguments) for one in found):
            free = [one for one in taken.get(name, ()) if one not in arguments]
            found.append(Book(wire, name, arguments, _leading(free)))
    return found


def _leading(arguments: list[str]) -> str | None:
    by_name = {_plain(one): one for one in arguments}
    return next((by_name[name] for name in _TAKES if name in by_name), None)


def arguments_of(tool: dict[str, Any]) -> list[str]:
    """Return the names of the arguments that a listed tool's schema tells of."""
    schema: Any = tool.get("inputSchema")
    is_object = isinstance(schema, dict)
    names: Any = cast("dict[str, Any]", schema).get("properties") if is_object else None
    return [*cast("dict[str, Any]", names)] if isinstance(names, dict) else []


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _is_place(value: object) -> bool:
    """Tell whether a value leads somewhere: an address would lead past the tool."""
    if isinstance(value, str):
        return bool(value) and "://" not in value
    return isinstance(value, int) and not isinstance(value, bool)
