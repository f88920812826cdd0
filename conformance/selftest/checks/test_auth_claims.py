"""AUTH-17 against servers that let somebody else's credential, or a word, stand in for a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.forge.claims import hearsay, tenant_elsewhere, too_little
from conformance.forge.requests import opening
from conformance.selftest.judging import BEARER, PROFILE, judge
from conformance.selftest.targets import KEYS, Good, serving

if TYPE_CHECKING:
    from pathlib import Path


class KeepsTheConnectionsKey(Good):
    """Goes on with the key that was last right on the connection."""

    kept: str | None = None

    def tenant(self) -> str | None:
        """Return the tenant of this key, or else of the last."""
        self.kept = super().tenant() or self.kept
        return self.kept


class KeepsTheLastKey(Good):
    """Goes on with the key that was last right, whoever had it, once."""

    kept: ClassVar[list[str]] = []

    def tenant(self) -> str | None:
        """Return the tenant of this key, or else of the last."""
        found = super().tenant()
        if found is not None and not self.kept:
            self.kept.append(found)
        elif found is None and "X-Api-Key" not in self.headers and self.kept:
            found = self.kept.pop()
        return found


class HasABearer(Good):
    """Reads bearer tokens."""

    def tenant(self) -> str | None:
        """Return whose token was presented."""
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        return KEYS.get(token) if scheme == "Bearer" else None


class FillsInItsOwnToken(HasABearer):
    """Takes a token from its own environment where the caller's is blank."""

    def tenant(self) -> str | None:
        """Return tenant A for a scheme without a token."""
        return "tenant-a" if self.headers.get("Authorization") == "Bearer" else super().tenant()


class BelievesAProxy(HasABearer):
    """Takes an identity from whoever sends one."""

    def tenant(self) -> str | None:
        """Return the tenant that a header names."""
        return self.headers.get("X-Org-Id") or super().tenant()


class OpensToAll(Good):
    """Lets everybody open a conversation, and asks for a key when a tool is called."""

    def refuse(self) -> None:
        """Refuse nobody yet."""
        self.converse({"method": "server/discover", "id": 1})

    def converse(self, message: dict[str, Any]) -> None:
        """Refuse a call by somebody unknown, in the result."""
        if message.get("method") == "tools/call" and self.tenant() is None:
            told = {"content": [{"type": "text", "text": "sign in"}], "isError": True}
            self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": told})
        else:
            super().converse(message)

    def answer(self) -> None:
        """Read the message whoever sent it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.converse(json.loads(body or b"{}"))

    do_POST = answer


class ActsForAll(OpensToAll):
    """Calls tools for everybody, with a key of its own."""

    def tenant(self) -> str | None:
        """Return tenant A for everybody without a key."""
        return super().tenant() or "tenant-a"


class RefusesHearsay(Good):
    """Refuses whoever claims to have come through a proxy."""

    def refuse(self) -> None:
        """Answer 400 to claims, else refuse as ever."""
        if self.headers.get("X-Forwarded-User"):
            self.reply(400, {"error": "bad_request"})
        else:
            super().refuse()


@pytest.mark.parametrize(
    ("server", "profile", "verdict"),
    [
        pytest.param(Good, PROFILE, "pass", id="good"),
        pytest.param(HasABearer, PROFILE + BEARER, "pass", id="good, with bearer tokens"),
        pytest.param(OpensToAll, PROFILE, "pass", id="asks at the call"),
        pytest.param(RefusesHearsay, PROFILE, "pass", id="refuses claims by 400"),
        pytest.param(KeepsTheConnectionsKey, PROFILE, "fail", id="the connection's last"),
        pytest.param(KeepsTheLastKey, PROFILE, "fail", id="the process's last"),
        pytest.param(FillsInItsOwnToken, PROFILE + BEARER, "fail", id="a blank token"),
        pytest.param(BelievesAProxy, PROFILE + BEARER, "fail", id="a proxy's word"),
        pytest.param(ActsForAll, PROFILE, "fail", id="a key of its own"),
    ],
)
def test_what_stands_in_for_a_key_is_found(
    tmp_path: Path, server: type[Good], profile: str, verdict: str
) -> None:
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-17", profile=profile)
    assert found.verdicts == {"AUTH-17": verdict}, found.output


@pytest.mark.parametrize("scheme", ["", "Bearer"])
@pytest.mark.parametrize("name", ["X-Api-Key", "Authorization"])
def test_no_header_of_too_little_is_the_right_one_or_another_twice(name: str, scheme: str) -> None:
    real = next(iter(KEYS))
    found = list(too_little(name, scheme, real, "unknown").values())
    assert len({(header.lower(), value) for header, value in found}) == len(found)
    assert all(real not in value and value == value.strip() for _, value in found)


def test_each_kind_of_hearsay_names_each_header_once() -> None:
    for headers in hearsay("tenant-a").values():
        assert len({name.lower() for name, _ in headers}) == len(headers)


def test_a_tenant_is_named_in_what_the_caller_fills_in() -> None:
    request = opening("2025-11-25")
    told = {where: name(request) for where, name in tenant_elsewhere("acme", "/mcp?v=2").items()}
    assert (told["the query"].path or "").startswith("/mcp?v=2&tenant=acme")
    assert b'"_meta": {"tenant": "acme"' in (told["_meta"].body or b"")
    assert b'"protocolVersion": "2025-11-25"' in (told["_meta"].body or b"")
