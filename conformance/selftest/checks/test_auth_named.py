"""AUTH-05 against servers that hear which tenant is named beside a right key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.results import is_tenant
from conformance.forge.naming import argument_places, places
from conformance.forge.requests import opening, tool_call
from conformance.profile.reading import from_url
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import KEYS, Good, serving

if TYPE_CHECKING:
    from pathlib import Path

TENANTS = frozenset(KEYS.values())
WORDS = {"tenant-a": "words of a", "tenant-b": "words of b"}
CANARIES = PROFILE.replace('_A" }\n', '_A" }\ncanary = "words of a"\n', 1).replace(
    '_B" }\n', '_B" }\ncanary = "words of b"\n', 1
)
DATA = f'{CANARIES}tenant_data = "notes"\n'


class Notes(Good):
    """Has a tool of notes beside ping, both of which disregard arguments."""

    named: str | None = None
    """Whom this request is for, where that is not whose key it is."""

    def converse(self, message: dict[str, Any]) -> None:
        """Answer a call with what is whose it is."""
        params: dict[str, Any] = message.get("params") or {}
        self.named = self.told(params)
        if message.get("method") == "tools/call" and params.get("name") == "notes":
            result: dict[str, Any] = {"content": [], "structuredContent": self.notes(params)}
            self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})
        else:
            super().converse(message)

    def tenant(self) -> str | None:
        """Return whose request it is."""
        own = super().tenant()
        return self.named if own and self.named in TENANTS else own

    def told(self, params: dict[str, Any]) -> str | None:
        """Return whom the request names, if that counts."""
        del params

    def notes(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the notes."""
        del params
        return {"notes": [WORDS[self.tenant() or ""]]}


class Repeats(Notes):
    """Repeats what it was told."""

    def notes(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the notes, and all else that there is."""
        more = {"asked": params, "path": self.path, "headers": str(self.headers)}
        return {**super().notes(params), **more}


class RefusesWhoIsNamed(Notes):
    """Refuses a tool's arguments, and requests that name somebody."""

    def answer(self) -> None:
        """Answer 403 to a query or a header that names a tenant."""
        if "?" in self.path or self.headers.get("X-Tenant-Id"):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.reply(403, {"error": "forbidden"})
        else:
            super().answer()

    do_POST = answer


class BelievesHeader(Notes):
    """Takes a header's word for the tenant."""

    def told(self, params: dict[str, Any]) -> str | None:
        """Read the header."""
        del params
        return self.headers.get("X-Workspace")


class BelievesOneHeader(RefusesWhoIsNamed, BelievesHeader):
    """Refuses one header, and takes the word of another."""


class BelievesQuery(Notes):
    """Takes the query's word."""

    def told(self, params: dict[str, Any]) -> str | None:
        """Read the query."""
        del params
        pairs = dict(pair.split("=", 1) for pair in self.path.partition("?")[2].split("&") if pair)
        return pairs.get("org")


class BelievesMeta(Notes):
    """Takes the word of `_meta`."""

    def told(self, params: dict[str, Any]) -> str | None:
        """Read the entry."""
        meta: dict[str, Any] = params.get("_meta") or {}
        return meta.get("tenantId")


class BelievesOneArgument(Notes):
    """Knows one argument that it tells nobody of, and refuses others."""

    known: ClassVar[str] = "tenant_id"

    def converse(self, message: dict[str, Any]) -> None:
        """Refuse a call that has other arguments."""
        params: dict[str, Any] = message.get("params") or {}
        arguments: dict[str, Any] = params.get("arguments") or {}
        if set(arguments) <= {self.known}:
            super().converse(message)
        else:
            told = {"content": [{"type": "text", "text": "bad argument"}], "isError": True}
            self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": told})

    def told(self, params: dict[str, Any]) -> str | None:
        """Read the argument, of the notes alone."""
        return params["arguments"].get(self.known) if params.get("name") == "notes" else None


class BindsSessionsToHeaders(Sessions):
    """Opens a session for whom a header names, and asks nobody again."""

    whose: ClassVar[dict[str, str]] = {}
    made: str = ""

    def converse(self, message: dict[str, Any]) -> None:
        """Note whom the opening named; answer ping by the session."""
        identity = self.headers.get("Mcp-Session-Id") or ""
        if message.get("method") == "tools/call":
            found = {"tenantId": self.whose.get(identity) or self.tenant()}
            result: dict[str, Any] = {"content": [], "structuredContent": found}
            self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": result})
        else:
            super().converse(message)

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Note the session that is told of."""
        session, told = (headers or {}).get("Mcp-Session-Id"), self.headers.get("X-Org-Id")
        if session and told in TENANTS:
            self.whose[session] = told
        super().reply(status, body, headers)


@pytest.mark.parametrize(
    ("server", "profile", "verdict"),
    [
        pytest.param(Notes, DATA, "pass", id="disregards it"),
        pytest.param(Notes, PROFILE, "pass", id="disregards it, without canaries"),
        pytest.param(Repeats, DATA, "pass", id="repeats it"),
        pytest.param(RefusesWhoIsNamed, DATA, "pass", id="refuses it"),
        pytest.param(BelievesHeader, PROFILE, "fail", id="a header"),
        pytest.param(BelievesOneHeader, DATA, "fail", id="a header, beside a refused one"),
        pytest.param(BelievesQuery, PROFILE, "fail", id="the query"),
        pytest.param(BelievesMeta, PROFILE, "fail", id="_meta"),
        pytest.param(BelievesOneArgument, DATA, "fail", id="an argument of one tool"),
        pytest.param(BindsSessionsToHeaders, PROFILE, "fail", id="a header of the opening"),
    ],
)
def test_who_is_named_beside_a_key_is_not_who_calls(
    tmp_path: Path, server: type[Good], profile: str, verdict: str
) -> None:
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-05", profile=profile)
    assert found.verdicts == {"AUTH-05": verdict}, found.output


def test_the_guilty_name_is_told(tmp_path: Path) -> None:
    with serving(BelievesOneHeader) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-05", profile=DATA)
    assert "X-Workspace in a header: ping showed the tenant tenant-b" in str(
        found.lines[1]["reason"]
    )


def test_a_message_keeps_what_it_says_itself() -> None:
    call = tool_call("get", {"tenant": "own"}, revision="2026-07-28", session=None)
    for place in (*places("7", ["name"], "/mcp?v=2", "/b/mcp"), *argument_places("7", ["name"])):
        told = place.naming()(call)
        params = json.loads(told.body or b"{}")["params"]
        assert params["name"] == "get"
        assert params["arguments"]["tenant"] == "own"
        assert params["_meta"]["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
        assert told != call
    assert not json.loads(opening("2025-11-25").body or b"{}")["params"].get("_meta")


def test_an_id_that_is_a_number_is_told_as_one_as_well() -> None:
    assert [place.value for place in argument_places("17", [])] == ["17", 17]
    assert [place.value for place in argument_places("017", [])] == ["017"]
    assert [place.value for place in argument_places("acme", [])] == ["acme"]


def test_a_tenant_may_be_told_as_a_number() -> None:
    target = from_url("http://127.0.0.1/mcp")
    for told, is_own in ((7, True), ("7", True), (True, False), (None, False), (8, False)):
        body = json.dumps({"result": {"structuredContent": {"tenantId": told}}, "id": 1})
        answer = Answer(Transport.ANSWERED, 200, (), body.encode())
        assert is_tenant(answer, target, "7") is is_own


def test_the_targets_own_words_come_first() -> None:
    found = {place.what: place.names for place in places("b", ["slug", "orgId"], "/mcp", None)}
    assert found["a header"][:4] == ("X-Slug", "X-Slug-Id", "X-Org", "X-Org-Id")
    assert found["the query"][:3] == ("slug", "orgId", "slug_id")
    assert all(len(set(names)) == len(names) for names in found.values())
