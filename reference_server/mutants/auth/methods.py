"""Defects of a door that opens by what is asked: methods that are served without a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import mutant, replaced
from reference_server.mutants.benign.edge import answer, read_whole, replayed

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import App, Receive, Scope, Send
    from reference_server.mutants.model import Mutant
    from reference_server.parts import Parts

PUBLIC = {
    "resources": "resources/",
    "prompts": "prompts/",
    "completions": "completion/",
    "levels": "logging/",
    "subscriptions": "subscriptions/",
    "tasks": "tasks/",
    "notifications": "notifications/",
}
"""What is served without a key, by the name of its mutant, and how its methods begin."""


def method_of(body: bytes) -> tuple[str, Any]:
    """Return a message's method ("" for a reply) and its id."""
    try:
        message: Any = json.loads(body)
    except (ValueError, RecursionError):
        return "", None
    if not isinstance(message, dict):
        return "", None
    known = cast("dict[str, Any]", message)
    return str(known.get("method", "")), known.get("id")


def _public(is_public: Callable[[str, dict[bytes, bytes]], bool]) -> Callable[[Parts], Parts]:
    """Return a change of parts that answers some methods before anybody is asked for a key."""

    def around(app: App) -> App:
        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            fields = dict(scope.get("headers", ()))
            if scope.get("method") != "POST" or b"x-api-key" in fields:
                await app(scope, receive, send)
                return
            body = await read_whole(receive)
            method, number = method_of(body)
            if scope.get("path") != "/mcp" or not is_public(method, fields):
                await app(scope, replayed(body, receive), send)
            elif number is None:
                await answer(send, 202)
            else:
                told: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "result": {}}
                await answer(send, 200, json.dumps(told), "application/json")

        return edge

    return replaced({"web.edge": lambda _: around})


def _by_start(start: str) -> Callable[[Parts], Parts]:
    return _public(lambda method, _: method.startswith(start))


def _of(name: str, start: str) -> Mutant:
    return mutant(
        f"{name}-without-a-key",
        "AUTH-12 AUTH-20" if name == "notifications" else "AUTH-20",
        f"Methods that begin with `{start}` are answered before a key is asked for.",
        parts=_by_start(start),
    )


MUTANTS = (
    *(_of(name, start) for name, start in PUBLIC.items()),
    mutant(
        "replies-without-a-key",
        "AUTH-20",
        "What a client answers is taken in a session without a key.",
        parts=_public(lambda method, fields: not method and b"mcp-session-id" in fields),
    ),
    mutant(
        "prompts-for-a-session-id",
        "AUTH-20",
        "Prompts are served for the id of a session alone.",
        parts=_public(
            lambda method, fields: method == "prompts/get" and b"mcp-session-id" in fields
        ),
    ),
)
