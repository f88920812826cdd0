"""Servers with a safe of one slot a tenant: a right one, and each with one mistake.

A secret is put into the safe by a form, used by a route that tells its digest, or by a tool that
tells it, and is deleted by its number.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar
from urllib.parse import parse_qs

from conformance.selftest.targets import Good

DEFAULT = "a-credential-of-the-house"


class Safe(Good):
    """Keeps secrets in memory; ``mistake`` says what it does wrong, if anything."""

    mistake: ClassVar[str] = ""
    slots: ClassVar[dict[str, tuple[int, str]]]
    numbers: ClassVar[list[int]]

    def do_GET(self) -> None:
        """Serve one request."""
        self.answer()

    do_POST = do_PUT = do_DELETE = do_GET

    def answer(self) -> None:
        """Serve the safe by its paths, and MCP by any other."""
        if not self.path.startswith("/safe"):
            super().answer()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        tenant = self.tenant()
        if tenant is None:
            self.refuse()
        elif self.command == "PUT":
            self.put(tenant, parse_qs(body.decode())["what"][0])
        elif self.command == "DELETE":
            self.clear(tenant, int(self.path.rpartition("/")[2]))
        else:
            self.use(tenant)

    def converse(self, message: dict[str, Any]) -> None:
        """Have the tool ``recall`` tell the secret itself, as a text."""
        params: dict[str, Any] = message.get("params") or {}
        if params.get("name") != "recall":
            super().converse(message)
            return
        found = self.found(str(self.tenant()))
        text = {"type": "text", "text": json.dumps({"it": {"is": found}})}
        result = {"content": [text], "isError": found is None, "resultType": "complete"}
        self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})

    def put(self, tenant: str, secret: str) -> None:
        """Put a secret into a tenant's slot, and tell its number."""
        self.numbers[0] += 1
        if self.mistake != "the first stays" or tenant not in self.slots:
            self.slots[tenant] = (self.numbers[0], secret)
        told: dict[str, Any] = {"put": {"number": self.slots[tenant][0]}}
        if self.mistake == "tells it back":
            told["what"] = secret
        self.reply(201, told)

    def clear(self, tenant: str, number: int) -> None:
        """Clear the slot of that number, of the tenant's own."""
        owners = [one for one, (known, _) in self.slots.items() if known == number]
        is_own = tenant in owners or self.mistake == "anybody clears"
        if not owners or not is_own:
            self.reply(404, {"error": "no such number"})
            return
        if self.mistake != "clears nothing":
            del self.slots[owners[0]]
        self.reply(204, None)

    def found(self, tenant: str) -> str | None:
        """Return the secret that is used for a tenant."""
        if self.mistake == "one for all" and self.slots:
            return next(iter(self.slots.values()))[1]
        return self.slots[tenant][1] if tenant in self.slots else None

    def use(self, tenant: str) -> None:
        """Tell the digest of what is used."""
        found = self.found(tenant)
        if found is None and self.mistake == "one of the house":
            found = DEFAULT
        if found is None:
            self.reply(409, {"error": "the safe is empty"})
            return
        self.reply(200, {"sha256": hashlib.sha256(found.encode()).hexdigest()})


def safe_with(mistake: str) -> type[Safe]:
    """Return a new safe, with one mistake or, where it is empty, none."""
    own: dict[str, Any] = {"mistake": mistake, "slots": {}, "numbers": [0]}
    return type("Safe", (Safe,), own)
