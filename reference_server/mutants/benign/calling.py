"""Tools that fetch, in other forms as careful as the first, and servers without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reference_server.core.errors import RefusedUrlError
from reference_server.mutants.bending import replaced, with_tool
from reference_server.mutants.benign.edge import benign
from reference_server.mutants.mcp.calling import fetching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.outbound.fetching import Fetched, Fetcher
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller

_CALLING = frozenset({"MCP-23", "MCP-23-b", "MCP-13"})
_TOOL = "check_landing_page"


@dataclass(frozen=True)
class _OfPartners:
    """Fetches from hosts on a list, and of no other."""

    pages: Fetcher

    def fetch(self, url: str) -> Fetched:
        if urlsplit(url).hostname not in {"127.0.0.9", "partner.example"}:
            raise RefusedUrlError("The URL is not of a partner.")
        return self.pages.fetch(url)


def _without(parts: Parts) -> Any:
    return tuple(tool for tool in parts.mcp.tools if tool.name != _TOOL)


def _with_no_origin(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "fetch_origin": ""}


def _noted(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    del caller
    return {"noted": arguments["url"]}


VARIANTS = (
    benign(
        "pages-of-partners-alone",
        "The tool that fetches knows a list of hosts, and public addresses are none of it.",
        parts=fetching(_OfPartners),
        touches=_CALLING,
    ),
    benign(
        "no-tool-that-fetches",
        "No tool fetches anything.",
        lacks="MCP-23-b",
        state=_with_no_origin,
        parts=replaced({"mcp.tools": _without}),
        touches=_CALLING,
    ),
    benign(
        "urls-noted-and-never-called",
        "A tool takes a URL, keeps it as text, and answers with it.",
        lacks="MCP-23-b",
        state=_with_no_origin,
        parts=with_tool(_TOOL, _noted),
        touches=_CALLING,
    ),
)
