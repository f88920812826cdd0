"""Servers that say in several ways how to authenticate, and note what they were asked."""

from __future__ import annotations

from typing import Any, ClassVar

from conformance.selftest.targets import KEYS, Good


class Noting(Good):
    """Remembers every request; GET finds what ``pages`` holds."""

    asked: ClassVar[list[tuple[str, str, str]]] = []
    pages: ClassVar[dict[str, Any]] = {}
    fields: ClassVar[dict[str, str]] = {}

    def answer(self) -> None:
        """Note the request, and answer it."""
        if self.command == "GET":
            self.asked.append(("GET", self.path, ""))
            known = self.path in self.pages
            self.reply(200 if known else 404, self.pages.get(self.path, {"error": "not found"}))
        else:
            super().answer()

    def refuse(self) -> None:
        """Note that it was refused."""
        self.asked.append((self.command, self.path, "refused"))
        super().refuse()

    def converse(self, message: dict[str, Any]) -> None:
        """Note the method, and answer with these tools."""
        self.asked.append((self.command, self.path, str(message.get("method"))))
        if message.get("method") == "tools/list":
            result = {"tools": self.tools()}
            self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})
        else:
            super().converse(message)

    def tools(self) -> list[Any]:
        """Return the list of tools."""
        read_only = {"name": "look", "annotations": {"readOnlyHint": True}}
        return [read_only, {"name": "delete", "annotations": {"readOnlyHint": "yes"}}, {}, 7]

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Answer with the fields of this server."""
        super().reply(status, body, {**(headers or {}), **self.fields})

    do_GET = do_POST = answer


class Bearer(Noting):
    """Wants a bearer token, and says where to get one."""

    pages: ClassVar[dict[str, Any]] = {
        "/meta": {"resource": "http://r/", "authorization_servers": ["http://127.0.0.9:9/"]}
    }

    def tenant(self) -> str | None:
        """Return whose token was presented."""
        return KEYS.get(self.headers.get("Authorization", "").removeprefix("Bearer "))

    def refuse(self) -> None:
        """Send a challenge."""
        self.asked.append((self.command, self.path, "refused"))
        origin = f"http://{self.headers['Host']}"
        told = f'Bearer realm="a \\"b\\"", resource_metadata="{origin}/meta"'
        self.reply(401, {"error": "invalid_token"}, {"WWW-Authenticate": told})


class SaysBearer(Noting):
    """Challenges for a bearer token, and takes a key in a header alone."""

    def refuse(self) -> None:
        """Send a challenge that leads nowhere."""
        self.reply(401, {"error": "unauthorized"}, {"WWW-Authenticate": "Bearer"})


class Schemed(Noting):
    """Wants a key in Authorization, behind a scheme of a name of its own."""

    def tenant(self) -> str | None:
        """Return whose key was presented."""
        return KEYS.get(self.headers.get("Authorization", "").removeprefix("Token "))

    def refuse(self) -> None:
        """Send a challenge that names the scheme."""
        self.reply(401, {"error": "unauthorized"}, {"WWW-Authenticate": 'Token realm="mcp"'})
