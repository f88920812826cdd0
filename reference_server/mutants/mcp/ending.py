"""Defects of open streams: nobody looks at their keys again, or not at all that ends them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reference_server.core.errors import StorageUnavailableError
from reference_server.mutants.bending import mutant, replaced
from reference_server.protocol.watch import may_stay

if TYPE_CHECKING:
    from reference_server.context import RequestContext
    from reference_server.parts import Parts

_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


def _always(context: RequestContext, parts: Parts) -> bool:
    del context, parts
    return True


def _if_a_session(context: RequestContext, parts: Parts) -> bool:
    return context.method == "GET" or may_stay(context, parts)


def _if_a_subscription(context: RequestContext, parts: Parts) -> bool:
    return context.method == "POST" or may_stay(context, parts)


def _unless_revoked(context: RequestContext, parts: Parts) -> bool:
    """Look the key up as of a time at which none had expired."""
    digest = parts.keys.hasher.digest(context.credential or "")
    try:
        return parts.keys.directory.find(digest, _BEFORE_ALL) is not None
    except StorageUnavailableError:
        return False


MUTANTS = (
    mutant(
        "streams-outlive-keys",
        "MCP-17 MCP-17-b",
        "A stream goes on for as long as its client likes.",
        parts=replaced({"mcp.may_stay": lambda _: _always}),
    ),
    mutant(
        "session-streams-outlive-keys",
        "MCP-17 MCP-17-b",
        "The stream of a session outlives its key; one of `subscriptions/listen` does not.",
        parts=replaced({"mcp.may_stay": lambda _: _if_a_session}),
    ),
    mutant(
        "subscriptions-outlive-keys",
        "MCP-17 MCP-17-b",
        "A stream of `subscriptions/listen` outlives its key; that of a session does not.",
        parts=replaced({"mcp.may_stay": lambda _: _if_a_subscription}),
    ),
    mutant(
        "streams-outlive-expiry",
        "MCP-17-b",
        "A stream ends when its key is revoked, and not when it expires.",
        parts=replaced({"mcp.may_stay": lambda _: _unless_revoked}),
    ),
)
