"""Servers whose callers have roles of their own naming: right ones, and each with one mistake.

Clerks keep accounts, reviewers read them, and whoever shows no key is a visitor. A tool that is not
there is told of in a failed result, as several SDKs do it, and lists come in pages.
"""

from __future__ import annotations

from typing import Any, ClassVar

from conformance.selftest.targets import KEYS, Good

CLERK = next(iter(KEYS))
REVIEWER = "key-of-a-reviewer-0123456789"
TOOLS = {
    "whoami": {"clerk", "reviewer", "visitor"},
    "read_accounts": {"clerk", "reviewer"},
    "book_entry": {"clerk"},
    "close_year": {"clerk"},
}
LARGEST = 1000
"""What a clerk may book at once."""
PAGE = 2


class Roles(Good):
    """Serves each role its tools; ``mistake`` says what it does wrong, if anything."""

    mistake: ClassVar[str] = ""
    hides: ClassVar[bool] = True

    def tenant(self) -> str | None:
        """Return whose key it is; visitors have no tenant, but are let in."""
        presented = self.headers.get_all("X-Api-Key") or []
        if not presented:
            return "nobody"
        return "tenant-a" if presented == [REVIEWER] else super().tenant()

    def role(self, message: dict[str, Any]) -> str:
        """Return the role of whoever asks."""
        presented = self.headers.get("X-Api-Key")
        params: dict[str, Any] = message.get("params") or {}
        meta: dict[str, Any] = params.get("_meta") or {}
        says_so = {
            "role from a header": self.headers.get("X-Role") == "admin",
            "role from _meta": meta.get("role") == "admin",
        }
        if says_so.get(self.mistake):
            return "clerk"
        if presented is None:
            return "visitor"
        return "reviewer" if presented == REVIEWER else "clerk"

    def converse(self, message: dict[str, Any]) -> None:
        """Answer lists and calls by role, all else as before."""
        method: Any = message.get("method")
        params: dict[str, Any] = message.get("params") or {}
        if method == "tools/list":
            self.result(message, self.page(self.role(message), params.get("cursor")))
        elif method == "tools/call":
            self.call(message, str(params.get("name")), params.get("arguments") or {})
        else:
            super().converse(message)

    def page(self, role: str, cursor: str | None) -> dict[str, Any]:
        """Return two tools of a role's, and where it goes on."""
        shows_all = self.mistake == "everything listed" or not self.hides
        names = [name for name, roles in TOOLS.items() if shows_all or role in roles]
        start = int(cursor or 0)
        schema: dict[str, Any] = {"type": "object"}
        tools = [{"name": name, "inputSchema": schema} for name in names[start : start + PAGE]]
        more = {"nextCursor": str(start + PAGE)} if len(names) > start + PAGE else {}
        scope = "public" if self.mistake == "public lists" else "private"
        return {"tools": tools, "ttlMs": 0, "cacheScope": scope, **more}

    def call(self, message: dict[str, Any], name: str, arguments: dict[str, Any]) -> None:
        """Carry a call out, or tell that there is no such tool."""
        role = self.role(message)
        roles = TOOLS.get(name, set[str]())
        is_denied = role not in roles and self.mistake != "everything callable"
        is_denied = is_denied or (self.mistake == "reviewers locked out" and role == "reviewer")
        if name in TOOLS and is_denied and not self.hides:
            error = {"code": -32003, "message": f"{name} takes another role"}
            self.reply(403, {"jsonrpc": "2.0", "id": message.get("id"), "error": error})
        elif name not in TOOLS or is_denied:
            is_told = self.mistake == "role told" and name in TOOLS
            text = "You are no clerk." if is_told else f"Unknown tool: {name}"
            self.result(message, {"content": [{"type": "text", "text": text}], "isError": True})
        elif arguments.get("amount", 0) > LARGEST and self.mistake != "any amount":
            text = "That is more than may be booked at once."
            self.result(message, {"content": [{"type": "text", "text": text}], "isError": True})
        else:
            told = {"tenantId": self.tenant()}
            self.result(message, {"content": [], "structuredContent": told})

    def result(self, message: dict[str, Any], result: dict[str, Any]) -> None:
        """Send a result."""
        told = {**result, "resultType": "complete"}
        self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": told})


def server_with(mistake: str = "", *, hides: bool = True) -> type[Roles]:
    """Return a server with a mistake, if any."""
    return type("Roles", (Roles,), {"mistake": mistake, "hides": hides})
