"""Two gateways of another make: one calls other services itself, the other starts processes."""

from __future__ import annotations

import hashlib
import http.client
import json
import subprocess
import sys
from typing import Any, ClassVar
from urllib.parse import urlsplit

from conformance.selftest.targets import Good

OWNED = {
    "tenant-a": {"GITHUB_TOKEN": "ghp_of-tenant-a-0123456789", "billing": "bill-of-a-0123456789"},
    "tenant-b": {"GITHUB_TOKEN": "ghp_of-tenant-b-0123456789", "billing": "bill-of-b-0123456789"},
}
HOST = {"GATEWAY_WORD": "of-the-gateway-itself-0123456789"}
SECONDS = 5.0
_SHOWS = """
import json, os
print(json.dumps(dict(os.environ)))
"""


class Gateway(Good):
    """Has tools, which other classes carry out."""

    def converse(self, message: dict[str, Any]) -> None:
        """Carry out a call of a tool."""
        params: dict[str, Any] = message.get("params") or dict[str, Any]()
        if message.get("method") != "tools/call":
            super().converse(message)
            return
        told, is_error = self.call(str(params.get("name")), params.get("arguments") or {}, params)
        words = [{"type": "text", "text": json.dumps(told)}]
        result = {"content": words, "isError": is_error, "resultType": "complete"}
        self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})

    def call(
        self, name: str, arguments: dict[str, Any], params: dict[str, Any]
    ) -> tuple[Any, bool]:
        """Return what a tool tells, and whether that is an error."""
        raise NotImplementedError

    def owned(self) -> dict[str, str]:
        """Return the credentials of the caller's tenant."""
        return OWNED[self.tenant() or ""]


class CallsItself(Gateway):
    """Sends issues to a service; ``api`` is where that is, for all tenants."""

    api: ClassVar[str] = ""

    def call(
        self, name: str, arguments: dict[str, Any], params: dict[str, Any]
    ) -> tuple[Any, bool]:
        """Open an issue, and say no more than how that went."""
        if name != "open_issue" or set(arguments) - {"title", "is_wrong", *self.also_taken}:
            return "no such tool or argument", True
        path = "/issues/refused" if arguments.get("is_wrong") else "/issues"
        place = urlsplit(self.place(arguments, params))
        line = http.client.HTTPConnection(place.netloc, timeout=SECONDS)
        try:
            body = json.dumps({"title": arguments.get("title")})
            line.request("PUT", place.path + path, body, self.shown(params))
            answer = line.getresponse()
            told = answer.read().decode()
        finally:
            line.close()
        if answer.status >= 400:
            return self.complaint(told), True
        return {"opened": arguments.get("title")}, False

    also_taken: ClassVar[frozenset[str]] = frozenset()

    def place(self, arguments: dict[str, Any], params: dict[str, Any]) -> str:
        """Return where to call."""
        del arguments, params
        return self.api

    def shown(self, params: dict[str, Any]) -> dict[str, str]:
        """Return the headers that the service sees."""
        del params
        return {"X-Api-Key": self.owned()["GITHUB_TOKEN"]}

    def complaint(self, told: str) -> str:
        """Return what is said of a failure."""
        del told
        return "the service said no"


class PassesItsCallersKeyOn(CallsItself):
    """Shows the service the key by which its own caller was let in, too."""

    def shown(self, params: dict[str, Any]) -> dict[str, str]:
        """Return the headers."""
        return {**super().shown(params), "X-On-Behalf-Of": self.headers["X-Api-Key"]}


class CallsWhereItIsTold(CallsItself):
    """Takes a base URL for an argument."""

    also_taken: ClassVar[frozenset[str]] = frozenset({"base_url"})

    def place(self, arguments: dict[str, Any], params: dict[str, Any]) -> str:
        """Return where to call."""
        return str(arguments.get("base_url") or super().place(arguments, params))


class QuotesTheService(CallsItself):
    """Says what the service said."""

    def complaint(self, told: str) -> str:
        """Return it."""
        return told


class Starts(Gateway):
    """Starts a process that tells its environment, as JSON, for each call."""

    def call(
        self, name: str, arguments: dict[str, Any], params: dict[str, Any]
    ) -> tuple[Any, bool]:
        """Return names and digests."""
        del arguments, params
        if name != "inspect":
            return "no such tool", True
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SHOWS],
            env=self.environment(),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        found: dict[str, str] = json.loads(done.stdout)
        told = [
            {"variable": name, "hash": hashlib.sha256(value.encode()).hexdigest()}
            for name, value in found.items()
        ]
        return {"process": {"environment": told}}, False

    def environment(self) -> dict[str, str]:
        """Return what a process is given."""
        owned = self.owned()
        return {"PATH": "/usr/bin:/bin", **owned, **{k.upper(): v for k, v in owned.items()}}


class StartsWithItsOwn(Starts):
    """Has its processes inherit."""

    def environment(self) -> dict[str, str]:
        """Return what a process is given."""
        return {**HOST, **super().environment()}


class StartsForTheFirst(Starts):
    """Remembers what its first caller had."""

    first: ClassVar[dict[str, str]] = {}

    def environment(self) -> dict[str, str]:
        """Return what a process is given."""
        if not self.first:
            self.first.update(super().environment())
        return dict(self.first)


class StartsInUpperCase(Starts):
    """Knows names in upper case alone."""

    def environment(self) -> dict[str, str]:
        """Return what a process is given."""
        return {name: one for name, one in super().environment().items() if name == name.upper()}
