"""Defects of what the server says of caches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import mutant
from reference_server.mutants.benign.edge import in_json, rewritten
from reference_server.mutants.rls.lists import own_tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import Reply


def said_public(*members: str, unless: str = "") -> Callable[[Reply], Reply]:
    """Return a change of answers that says `public` of results with one of these members.

    ``unless`` is a member that the result must lack, such as that of a further page.
    """

    def change(body: Any, reply: Reply) -> Any:
        del reply
        result = cast("dict[str, Any]", body).get("result") if isinstance(body, dict) else None
        if isinstance(result, dict) and unless not in result:
            held = cast("dict[str, Any]", result)
            if "cacheScope" in held and any(member in held for member in members):
                held["cacheScope"] = "public"
        return cast("Any", body)

    return in_json(change, separators=(",", ":"))


def _own_and_public(reply: Reply) -> Reply:
    return _PUBLIC_TOOLS(_OWN_TOOL(reply))


_OWN_TOOL, _PUBLIC_TOOLS = own_tool(), said_public("tools")

MUTANTS = (
    mutant(
        "own-resources-listed-as-public",
        "MCP-22",
        "A list of the caller's own resources may be kept for everybody, as it says.",
        parts=rewritten(said_public("resources")),
    ),
    mutant(
        "last-page-said-public",
        "MCP-22",
        "The last page of a list says that it may be kept for everybody, the others do not.",
        parts=rewritten(said_public("resources", unless="nextCursor")),
    ),
    mutant(
        "own-resource-said-public",
        "MCP-22",
        "A resource that only its tenant can read may be kept for everybody, as it says.",
        parts=rewritten(said_public("contents")),
    ),
    mutant(
        "own-tools-listed-as-public",
        "MCP-22",
        "A list with a tool of the caller's own may be kept for everybody, as it says.",
        parts=rewritten(_own_and_public),
    ),
)
