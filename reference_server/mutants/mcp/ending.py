"""A defect of open streams: nobody looks at their keys again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.mutants.bending import mutant, replaced
from reference_server.protocol.watch import may_stay

if TYPE_CHECKING:
    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def _always(context: RequestContext, parts: Parts) -> bool:
    del context, parts
    return True


def _if_a_session(context: RequestContext, parts: Parts) -> bool:
    return context.method == "GET" or may_stay(context, parts)


def _if_a_subscription(context: RequestContext, parts: Parts) -> bool:
    return context.method == "POST" or may_stay(context, parts)


MUTANTS = (
    mutant(
        "streams-outlive-keys",
        "MCP-17",
        "A stream goes on for as long as its client likes.",
        parts=replaced({"mcp.may_stay": lambda _: _always}),
    ),
    mutant(
        "session-streams-outlive-keys",
        "MCP-17",
        "The stream of a session outlives its key; one of `subscriptions/listen` does not.",
        parts=replaced({"mcp.may_stay": lambda _: _if_a_session}),
    ),
    mutant(
        "subscriptions-outlive-keys",
        "MCP-17",
        "A stream of `subscriptions/listen` outlives its key; that of a session does not.",
        parts=replaced({"mcp.may_stay": lambda _: _if_a_subscription}),
    ),
)
