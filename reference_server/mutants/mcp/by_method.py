"""Defects of sessions by what is sent in them: some messages are answered before all else."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from reference_server.mutants.auth.methods import method_of
from reference_server.mutants.bending import mutant, replaced
from reference_server.mutants.benign.edge import answer, read_whole, replayed

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import App, Message, Receive, Scope, Send
    from reference_server.parts import Parts

_SESSION, _KEY = b"mcp-session-id", b"x-api-key"


@dataclass
class _Known:
    """The sessions that were opened, by the key that opened them, and those that were ended."""

    opened: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    ended: set[bytes] = field(default_factory=set[bytes])

    def is_foreign(self, session: bytes, key: bytes) -> bool:
        """Tell whether a session is another's."""
        return session not in self.ended and self.opened.get(session, key) != key

    def is_ended(self, session: bytes, key: bytes) -> bool:
        """Tell whether a session was this caller's, and was ended."""
        return session in self.ended and self.opened.get(session) == key

    def is_unknown(self, session: bytes, key: bytes) -> bool:
        """Tell whether a session never was this caller's."""
        return self.opened.get(session) != key


def _answering(
    kind: Callable[[_Known, bytes, bytes], bool], asked: str, status: int, *, method: str = "POST"
) -> Callable[[Parts], Parts]:
    """Return a change of parts: in sessions of a kind, messages that begin so get a status."""
    known = _Known()

    def around(app: App) -> App:
        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            fields = dict(scope.get("headers", ()))
            session, key = fields.get(_SESSION, b""), fields.get(_KEY, b"")

            async def note(message: Message) -> None:
                told = dict(message.get("headers", ())).get(_SESSION)
                if told and not session:
                    known.opened[told] = key
                if message.get("status") == HTTPStatus.OK and scope["method"] == "DELETE":
                    known.ended.add(session)
                await send(message)

            body = await read_whole(receive) if scope.get("method") == "POST" else b""
            passed = replayed(body, receive) if scope.get("method") == "POST" else receive
            told, number = method_of(body)
            is_meant = scope.get("method") == method and (told or "reply").startswith(asked)
            if not (session and key and is_meant and kind(known, session, key)):
                await app(scope, passed, note)
            elif number is None or method != "POST":
                await answer(send, status)
            else:
                found: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "result": {}}
                await answer(send, status, json.dumps(found), "application/json")

        return edge

    return replaced({"web.edge": lambda _: around})


MUTANTS = (
    mutant(
        "foreign-session-forbidden-to-prompts",
        "MCP-07",
        "A prompt in another tenant's session is forbidden; in an unknown one there is no session.",
        parts=_answering(_Known.is_foreign, "prompts/", 403),
    ),
    mutant(
        "foreign-session-takes-notifications",
        "MCP-07",
        "Notifications are taken in any session that there is.",
        parts=_answering(_Known.is_foreign, "notifications/", 202),
    ),
    mutant(
        "foreign-session-takes-replies",
        "MCP-07",
        "What clients answer is taken in any session that there is.",
        parts=_answering(_Known.is_foreign, "reply", 202),
    ),
    mutant(
        "unknown-session-takes-notifications",
        "MCP-09",
        "Notifications are taken in whatever session they name.",
        parts=_answering(_Known.is_unknown, "notifications/", 202),
    ),
    mutant(
        "unknown-session-lists-prompts",
        "MCP-09 MCP-31",
        "Prompts are listed in whatever session a request names.",
        parts=_answering(_Known.is_unknown, "prompts/list", 200),
    ),
    mutant(
        "ended-session-lists-resources",
        "MCP-09 MCP-31",
        "Resources are listed in a session that has ended.",
        parts=_answering(_Known.is_ended, "resources/list", 200),
    ),
    mutant(
        "ended-session-streams",
        "MCP-09",
        "A session that has ended is answered by GET as if it were there.",
        parts=_answering(_Known.is_ended, "reply", 200, method="GET"),
    ),
)
