"""Which of a target's tools an entry of [tools] could name: a guess by names and schemas.

What is guessed stands in a draft as a comment, for whoever knows the tools. A tool is guessed at
only if its name begins as those of readers do: what is named in a profile will be called.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.model import Channel
from conformance.text.toml_text import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from conformance.drafting.announced import Argument, Tool

_NAME = re.compile(r"[A-Za-z0-9_./-]{1,64}")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_READS = frozenset(
    ("get", "read", "show", "fetch", "view", "describe", "find", "lookup", "open", "download")
)
_LISTS = frozenset(("list", "search", "query", "all", "browse"))
_TELLS_WHO = frozenset(("ping", "whoami", "me", "who", "self"))
_IDS = frozenset(("id", "uuid", "guid", "slug", "number", "no", "ref", "reference"))
_CALLERS = frozenset(
    ("tenant", "org", "organization", "organisation", "workspace", "session", "request", "user")
)
"""What an id is of that names the caller, or the call, and no object."""
_MOST = 5
_OTHER = "none-of-these"


def examples(
    tools: Sequence[Tool], is_clean: Callable[[str], bool]
) -> dict[Channel, tuple[str, ...]]:
    """Return the lines that entries would have, by channel; what no tool fits is left out.

    ``is_clean`` tells whether a word may be shown as it is; a tool with any other is no example.
    """

    def is_shown(word: str) -> bool:
        return _NAME.fullmatch(word) is not None and is_clean(word)

    known = [
        tool
        for tool in tools
        if all(is_shown(word) for word in (tool.name, *_words_of(tool.arguments)))
    ]
    found = {
        Channel.PING_TOOL: _ping(known),
        Channel.DATA_TOOL: _data(known),
        Channel.VALIDATED_TOOL: _validated(known),
        Channel.BY_ID_TOOL: _by_id(known),
    }
    return {channel: tuple(lines) for channel, lines in found.items() if lines}


def _ping(tools: list[Tool]) -> list[str]:
    names = [
        tool.name
        for tool in tools
        if not tool.required and not _TELLS_WHO.isdisjoint(_words(tool.name))
    ]
    return [f"ping = {quoted(name)}" for name in names[:1]]


def _data(tools: list[Tool]) -> list[str]:
    return [f"tenant_data = {quoted(tool.name)}" for tool in _listing(tools)[:1]]


def _validated(tools: list[Tool]) -> list[str]:
    for tool in tools:
        choosing = [one for one in tool.arguments if one.choices]
        if _is_reader(tool) and choosing and set(tool.required) <= {choosing[0]}:
            name, good = choosing[0].name, choosing[0].choices[0]
            return [
                "[tools.validated]",
                f"name = {quoted(tool.name)}",
                f"arguments = {{ {quoted(name)} = {quoted(good)} }}",
                f"bad_arguments = {{ {quoted(name)} = {quoted(_OTHER)} }}",
            ]
    return []


def _by_id(tools: list[Tool]) -> list[str]:
    lines: list[str] = []
    for tool, argument, listing in list(_readers_by_id(tools))[:_MOST]:
        lines += [
            "[[tools.by_id]]",
            f"name = {quoted(tool.name)}",
            f"argument = {quoted(argument.name)}",
            f"listed_by = {quoted(listing.name)}",
        ]
    return lines


def _readers_by_id(tools: list[Tool]) -> Iterator[tuple[Tool, Argument, Tool]]:
    """Yield what reads an object by its id, and what seems to list such objects."""
    listing = _listing(tools)
    for tool in tools:
        wanted = tool.required
        if len(wanted) != 1 or not _is_reader(tool):
            continue
        *what, last = _words(wanted[0].name) or [""]
        if last not in _IDS or not _CALLERS.isdisjoint(what):
            continue
        subject = {_singular(word) for word in (what or _words(tool.name)[1:])}
        fitting = [one for one in listing if subject & set(map(_singular, _words(one.name)))]
        if one := next(iter(fitting or (listing if len(listing) == 1 else [])), None):
            yield tool, wanted[0], one


def _listing(tools: list[Tool]) -> list[Tool]:
    """Return what lists something for whoever asks, without an argument that it must have."""
    return [
        tool
        for tool in tools
        if not tool.required
        and not _LISTS.isdisjoint(_words(tool.name)[:2])
        and tool.says_read_only is not False
    ]


def _is_reader(tool: Tool) -> bool:
    first = next(iter(_words(tool.name)), "")
    return first in _READS | _LISTS and tool.says_read_only is not False


def _words_of(arguments: Iterable[Argument]) -> Iterator[str]:
    for one in arguments:
        yield from (one.name, *one.choices[:1])


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _singular(word: str) -> str:
    return word.removesuffix("s")
