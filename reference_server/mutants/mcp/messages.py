"""Defects of messages: each is understood by most clients, and none is what its schema says."""

from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import mutant
from reference_server.mutants.benign.edge import json_rewritten, rewritten

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import Reply
    from reference_server.parts import Parts

    Change = Callable[[dict[str, Any]], dict[str, Any]]


def _of_results(change: Change) -> Callable[[Parts], Parts]:
    """Return a change of parts that passes every result of the protocol through a function."""

    def rewrite(found: Any, reply: Reply) -> Any:
        del reply
        message = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
        result = message.get("result")
        if "jsonrpc" not in message or not isinstance(result, dict):
            return cast("Any", found)
        return {**message, "result": change(cast("dict[str, Any]", result))}

    return json_rewritten(rewrite)


def _with_the_next_page(result: dict[str, Any]) -> dict[str, Any]:
    return {**result, "nextCursor": None} if "tools" in result else result


def _with_instructions(result: dict[str, Any]) -> dict[str, Any]:
    return {**result, "instructions": None} if "capabilities" in result else result


def _with_an_error(result: dict[str, Any]) -> dict[str, Any]:
    return {"isError": None, **result, "_meta": None} if "content" in result else result


def _without_a_type(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name != "resultType"}


def _without_a_message(found: Any, reply: Reply) -> Any:
    del reply
    message = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    error: Any = message.get("error")
    if "jsonrpc" not in message or not isinstance(error, dict):
        return cast("Any", found)
    told = cast("dict[str, Any]", error)
    return {**message, "error": {"code": told.get("code"), "msg": told.get("message")}}


def _with_progress(reply: Reply) -> Reply:
    """Answer a tool's call with a stream that tells of its progress, of nothing in particular."""
    is_wanted = b"text/event-stream" in reply.asked(b"accept")
    if not (is_wanted and reply.is_json and reply.status == HTTPStatus.OK):
        return reply
    if b'"content":' not in reply.body:
        return reply
    progress = {
        "jsonrpc": "2.0",
        "method": "notifications/progress",
        "params": {"progress": "half"},
    }
    lines = b"".join(
        b"event: message\r\ndata: " + one + b"\r\n\r\n"
        for one in (json.dumps(progress).encode(), reply.body)
    )
    return replace(reply, body=lines).with_field(b"content-type", b"text/event-stream")


MUTANTS = (
    mutant(
        "no-next-page-told-as-null",
        "MCP-31",
        "A list that fits one page says so by a cursor of null.",
        parts=_of_results(_with_the_next_page),
    ),
    mutant(
        "no-instructions-told-as-null",
        "MCP-31",
        "The server introduces itself with instructions of null.",
        parts=_of_results(_with_instructions),
    ),
    mutant(
        "no-metadata-told-as-null",
        "MCP-31",
        "A tool's result has null for what it has nothing to say of.",
        parts=_of_results(_with_an_error),
    ),
    mutant(
        "result-without-its-type",
        "MCP-31",
        "Results do not say that they are complete, which the stateless revision asks for.",
        parts=_of_results(_without_a_type),
    ),
    mutant(
        "error-without-a-message",
        "MCP-31",
        "The text of an error stands under another name.",
        parts=json_rewritten(_without_a_message),
    ),
    mutant(
        "progress-of-nobody",
        "MCP-26 MCP-31",
        "A tool tells of its progress without saying whose, and in words.",
        parts=rewritten(_with_progress),
    ),
)
