"""A server with sessions, in the forms that servers have them."""

from __future__ import annotations

import secrets
import uuid
from typing import Any, ClassVar

from conformance.forge.requests import SESSION_REVISIONS
from conformance.selftest.targets import Good


class Sessions(Good):
    """Knows whose each session is, and that an id which is no UUID can be none of its own."""

    sessions: ClassVar[dict[str, str]] = {}

    @staticmethod
    def make() -> str:
        """Return a new id."""
        return str(uuid.uuid4())

    def is_an_id(self, identity: str) -> bool:
        """Tell whether this could be an id of this server's own."""
        try:
            return str(uuid.UUID(identity)) == identity
        except ValueError:
            return False

    def missing(self, identity: str) -> str:
        """Return the words for a session that is not there."""
        del identity
        return "session not found"

    def converse(self, message: dict[str, Any]) -> None:
        """Open a session, or answer in one."""
        identity = self.headers.get("Mcp-Session-Id")
        if message.get("method") == "initialize":
            self._begin(message)
        elif identity is None or not self.is_an_id(identity):
            self.reply(400, {"error": "malformed session id"})
        elif not self.may_use(identity):
            self.reply(404, {"error": self.missing(identity)})
        elif self.command == "DELETE":
            del self.sessions[identity]
            self.reply(200, {})
        else:
            self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": {"tools": []}})

    def may_use(self, identity: str) -> bool:
        """Tell whether the session is the caller's."""
        return self.sessions.get(identity) == self.tenant()

    def capabilities(self) -> dict[str, Any]:
        """Return what is announced."""
        return {"tools": {}}

    def opened(self) -> str:
        """Return the id under which a session is opened."""
        return self.make()

    def _begin(self, message: dict[str, Any]) -> None:
        identity = self.opened()
        self.sessions[identity] = self.tenant() or ""
        result: dict[str, Any] = {
            "protocolVersion": SESSION_REVISIONS[0],
            "capabilities": self.capabilities(),
            "serverInfo": {"name": "fake", "version": "1"},
        }
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": message.get("id"), "result": result}
        self.reply(200, reply, {"Mcp-Session-Id": identity})


class RepeatsTheId(Sessions):
    """Says which session it did not find."""

    def missing(self, identity: str) -> str:
        """Repeat the id."""
        return f"session {identity} not found"


class RefersToItself(Sessions):
    """Draws a reference for each error."""

    def missing(self, identity: str) -> str:
        """Tell a new reference."""
        del identity
        return f"session not found (reference {uuid.uuid4()})"


class LabelledNumbers(Sessions):
    """Has numbers below 2^128 for ids, each behind a label."""

    @staticmethod
    def make() -> str:
        """Return a label and a number."""
        return f"mcp.{secrets.randbits(128)}"

    def is_an_id(self, identity: str) -> bool:
        """Tell whether it is a label and a number in range."""
        label, _, number = identity.partition(".")
        return label == "mcp" and number.isdecimal() and int(number) >> 128 == 0


class TellsForeignSessions(RefersToItself):
    """Tells a session of another tenant from one that is not there."""

    def missing(self, identity: str) -> str:
        """Say whether it is there."""
        words = super().missing(identity)
        return words.replace("found", "yours") if identity in self.sessions else words


class Shares(Sessions):
    """Lets everybody use a session."""

    def may_use(self, identity: str) -> bool:
        """Look whether it is there."""
        return identity in self.sessions


class ForgetsNothing(Sessions):
    """Takes an unknown id for a new session."""

    def may_use(self, identity: str) -> bool:
        """Believe it."""
        return self.sessions.get(identity, self.tenant()) == self.tenant()


class TakesTheClientsId(Sessions):
    """Opens a session under the id that it is asked for."""

    def opened(self) -> str:
        """Return the id that the client has chosen, or a new one."""
        return self.headers.get("Mcp-Session-Id") or super().opened()


class AlsoTakesTheClientsId(Sessions):
    """Tells of an id of its own, and keeps the client's beside it."""

    def opened(self) -> str:
        """Remember both."""
        if chosen := self.headers.get("Mcp-Session-Id"):
            self.sessions[chosen] = self.tenant() or ""
        return super().opened()

    def is_an_id(self, identity: str) -> bool:
        """Take any text for an id."""
        return bool(identity)
