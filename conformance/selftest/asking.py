"""A server of both eras, whose tools each ask in one of them, or in none."""

from __future__ import annotations

import json
import queue
import secrets
from typing import Any, ClassVar, cast

from conformance.forge.requests import STATELESS
from conformance.selftest.sessions import Sessions

QUESTION: dict[str, Any] = {
    "method": "elicitation/create",
    "params": {"message": "Really?", "requestedSchema": {"type": "object", "properties": {}}},
}
SECONDS = 5
"""For an answer to a question."""


class AsksInOneEra(Sessions):
    """Has `newer`, which asks by its result, and `older`, which asks in sessions.

    In the other era each says that it cannot ask, as the Python SDK's tools do.
    """

    sessions: ClassVar[dict[str, str]] = {}
    states: ClassVar[dict[str, str | None]] = {}
    waiting: ClassVar[dict[tuple[str, str], queue.Queue[str]]] = {}

    def converse(self, message: dict[str, Any]) -> None:
        """Answer in the era that the request is of."""
        session = self.headers.get("Mcp-Session-Id")
        is_call = message.get("method") == "tools/call"
        if self.headers.get("MCP-Protocol-Version") == STATELESS:
            self._alone(message)
        elif "result" in message and session is not None:
            self._hear(session, message)
        elif is_call and session is not None and self.may_use(session):
            self._ask_in(session, message)
        else:
            super().converse(message)

    def knows(self, state: object) -> bool:
        """Tell whether a state is one that the caller was given."""
        return self.states.get(str(state), "") == self.tenant()

    def may_answer(self, session: str) -> bool:
        """Tell whether the caller may answer in a session."""
        return self.may_use(session)

    def _alone(self, message: dict[str, Any]) -> None:
        """Answer a message outside of sessions."""
        params = _table(message.get("params"))
        result: dict[str, Any] = _said("it cannot ask here")
        if message.get("method") == "server/discover":
            result = {"supportedVersions": [STATELESS], "ttlMs": 0, "cacheScope": "private"}
            result |= {"serverInfo": {"name": "fake", "version": "1"}, "capabilities": {}}
        elif params.get("name") == "newer" and "inputResponses" not in params:
            state = secrets.token_hex(16)
            self.states[state] = self.tenant()
            result = {"inputRequests": {"it": QUESTION}, "requestState": state}
            result["resultType"] = "input_required"
        elif params.get("name") == "newer" and self.knows(params.get("requestState")):
            result = _said(_action(_table(params.get("inputResponses")).get("it")))
        elif params.get("name") == "newer":
            error = {"code": -32602, "message": "invalid state"}
            self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "error": error})
            return
        complete = {"resultType": "complete", **result}
        self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": complete})

    def _ask_in(self, session: str, message: dict[str, Any]) -> None:
        """Ask on the call's own stream, and wait."""
        said = "it cannot ask here"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if _table(message.get("params")).get("name") == "older":
            number = secrets.token_hex(4)
            answers = self.waiting[session, number] = queue.Queue()
            self._tell({"jsonrpc": "2.0", "id": number, **QUESTION})
            said = answers.get(timeout=SECONDS)
        self._tell({"jsonrpc": "2.0", "id": message.get("id"), "result": _said(said)})

    def _hear(self, session: str, message: dict[str, Any]) -> None:
        """Take an answer to a question of a session."""
        answers = self.waiting.get((session, str(message.get("id"))))
        if answers is not None and self.may_answer(session):
            answers.put(_action(message.get("result")))
        self.reply(202, {})

    def _tell(self, message: dict[str, Any]) -> None:
        self.wfile.write(b"event: message\ndata: " + json.dumps(message).encode() + b"\n\n")


class TakesAnybodysAnswer(AsksInOneEra):
    """Looks at a session's id alone, when it is answered."""

    sessions: ClassVar[dict[str, str]] = {}

    def may_answer(self, session: str) -> bool:
        """Look whether it is there."""
        return session in self.sessions


class TakesAnybodysState(AsksInOneEra):
    """Looks whether it gave a state to anybody."""

    sessions: ClassVar[dict[str, str]] = {}

    def knows(self, state: object) -> bool:
        """Look whether it is there."""
        return str(state) in self.states


def _said(words: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": words}]}


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _action(answer: object) -> str:
    return str(_table(answer).get("action"))
