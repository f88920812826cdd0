"""Resources, prompts and cursors in other forms, as good as the first."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reference_server.mutants.bending import replaced, with_tool
from reference_server.mutants.benign.edge import benign, rewritten
from reference_server.mutants.mcp.caching import said_public
from reference_server.mutants.rls.offers import Family, with_family
from reference_server.parts import with_parts
from reference_server.prompts.contracts import PromptArgument
from reference_server.prompts.registry import build_prompts
from reference_server.protocol.desk import RefusedError
from reference_server.resources.contracts import ListedResource
from reference_server.tools.refresh_metric import RefreshMetric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller

_OFFERS = frozenset({"RLS-15", "MCP-22"})
_ABOUT_CHANGES = "MCP-18 MCP-19 MCP-26"
"""What is judged by a change of a resource."""


_URLS = "https://metrics.example/v1/reports/"


class _Places:
    """Cursors that are a place in a list, whoever's it is."""

    def issue(self, listing: str, owner: str, position: str) -> str:
        """Return the place, readable by anybody."""
        del listing, owner
        return base64.urlsafe_b64encode(position.encode()).decode()

    def read(self, cursor: str, listing: str, owner: str) -> str:
        """Return the place, of any list."""
        del listing, owner
        try:
            return base64.urlsafe_b64decode(cursor).decode()
        except ValueError as error:
            raise RefusedError("There is no such cursor.") from error


@dataclass
class _Elsewhere(Family):
    """Names the same things by URLs."""

    def __post_init__(self) -> None:
        """Take over the rest."""
        super().__post_init__()
        self.uri_template = f"{_URLS}{{metricId}}"

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """List under other names."""
        listed = self.inner.list_after(position, count, caller)
        return [
            ListedResource(_URLS + one.uri.rpartition("/")[2], one.name, one.position)
            for one in listed
        ]

    def read(self, uri: str, caller: Caller) -> str:
        """Read what a URL names."""
        return self.inner.read(f"metric://{uri.rpartition('/')[2]}", caller)


@dataclass(frozen=True)
class _Welcome:
    """A text for everybody, listed to all."""

    uri_template: str = "docs://{page}"
    name: str = "docs"
    description: str = "How to use this server."
    mime_type: str = "text/markdown"

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[ListedResource]:
        """List the one page there is."""
        del count, caller
        return [] if position else [ListedResource("docs://welcome-2026", "welcome", "1")]

    def read(self, uri: str, caller: Caller) -> str:
        """Tell the same to everybody, of whatever page."""
        del caller
        return f"# Welcome\n\nThis is {uri}, version 2026-11 of our guide."

    def complete(self, beginning: str, caller: Caller) -> Sequence[str]:
        """Suggest the page."""
        del caller
        return [one for one in ("welcome-2026",) if one.startswith(beginning)]


@dataclass(frozen=True)
class _Greeting:
    """A prompt that repeats whatever it is given."""

    name: str = "greet"
    description: str = "Greet somebody."
    arguments: Sequence[PromptArgument] = field(
        default_factory=lambda: (PromptArgument("name", "Whom to greet."),)
    )

    def render(self, arguments: Mapping[str, str], caller: Caller) -> str:
        """Repeat the name."""
        del caller
        return f"Say hello to {arguments['name']} in the style of 1920s-radio."

    def complete(self, argument: str, beginning: str, caller: Caller) -> Sequence[str]:
        """Suggest names that everybody may use."""
        del argument, caller
        return [one for one in ("Ada Lovelace", "Alan Turing") if one.startswith(beginning)]


def _with_public_ones(parts: Parts) -> Parts:
    changes = {
        "mcp.resources": (_Welcome(), *parts.mcp.resources),
        "mcp.prompts": (_Greeting(), *parts.mcp.prompts),
    }
    return with_parts(parts, changes)


def _refreshed_elsewhere(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    result = RefreshMetric().run(arguments, caller)
    caller.changed[:] = [f"{_URLS}{arguments['metricId']}"]
    return result


def _elsewhere(parts: Parts) -> Parts:
    parts = with_tool("refresh_metric", _refreshed_elsewhere)(with_family(_Elsewhere)(parts))
    return with_parts(parts, {"mcp.prompts": build_prompts(parts.mcp.resources[0])})


def _nothing(parts: Parts) -> Sequence[Any]:
    del parts
    return ()


VARIANTS = (
    benign(
        "tools-and-nothing-else",
        "The server offers neither resources nor prompts.",
        lacks=_ABOUT_CHANGES,
        parts=replaced({"mcp.resources": _nothing, "mcp.prompts": _nothing}),
        touches=_OFFERS,
    ),
    benign(
        "prompts-without-resources",
        "The server offers prompts, and no resources.",
        lacks=_ABOUT_CHANGES,
        parts=replaced({"mcp.resources": _nothing}),
        touches=_OFFERS,
    ),
    benign(
        "cursors-are-places",
        "A cursor is a place in base64, at which every caller's own list goes on.",
        parts=replaced({"mcp.cursors": lambda _: _Places()}),
        touches=_OFFERS,
    ),
    benign(
        "lists-on-one-page",
        "Lists of resources fit one page.",
        parts=replaced({"mcp.page_size": lambda _: 50}),
        touches=_OFFERS,
    ),
    benign(
        "resources-by-url",
        "Resources are named by URLs of another host.",
        parts=_elsewhere,
        touches=_OFFERS,
    ),
    benign(
        "texts-for-everybody",
        "Beside a tenant's own, there are a page that all may read and a prompt that repeats.",
        parts=_with_public_ones,
        touches=_OFFERS,
    ),
    benign(
        "public-where-all-are-answered-alike",
        "Lists of prompts and templates, alike for all tenants, may be kept for everybody.",
        parts=rewritten(said_public("prompts", "resourceTemplates")),
        touches=_OFFERS,
    ),
)
