"""Defects that a hand-made request does not meet, and every official client does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.mutants.bending import before, header, mutant, replaced, with_stage
from reference_server.web.answers import error

if TYPE_CHECKING:
    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def _refuse_libraries(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    is_library = (header(context, "user-agent") or "").startswith("python-")
    return error(403, "forbidden") if is_library else None


def _crash_on_listening(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    if (context.method, context.path) == ("GET", "/mcp"):
        raise RuntimeError("nobody ever tried the stream for the server's own messages")
    return None


def _as_text(parts: Parts) -> dict[str, str]:
    return {**parts.web.security_headers, "Content-Type": "text/plain; charset=utf-8"}


MUTANTS = (
    mutant(
        "client-library-refused",
        "MCP-15",
        "Agents named after a library are taken for scanners, and refused.",
        parts=with_stage("extract_token", before(_refuse_libraries)),
    ),
    mutant(
        "listening-stream-crashes",
        "MCP-09 MCP-15",
        "GET of the MCP route, which a client listens on, is answered 500.",
        parts=with_stage("open_audit_entry", before(_crash_on_listening)),
    ),
    mutant(
        "answers-labelled-as-text",
        "MCP-15",
        "A hook for all answers labels them as text, JSON though they are.",
        parts=replaced({"web.security_headers": _as_text}),
    ),
)
