"""AUTH-19 against servers that have more routes than the endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.disclosure import lists_tools, opened, shown
from conformance.forge.doors import calls, pages, streams
from conformance.selftest.checks.test_auth_claims import HasABearer, OpensToAll
from conformance.selftest.judging import BEARER, PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

SESSION = "5d41402abc4b2a76b9719d911017c592"
MOST = 48
"""The most requests of the whole requirement."""


class HasPages(HasABearer):
    """Serves pages to whoever asks for them, and has one endpoint."""

    pages: ClassVar[dict[str, tuple[str, str]]] = {}
    otherwise: ClassVar[tuple[str, str] | None] = None

    def answer(self) -> None:
        """Serve a page, if there is one."""
        page = self.pages.get(self.path) or (None if self.path == "/mcp" else self.otherwise)
        if page is None or self.command != "GET":
            super().answer()
            return
        kind, body = page
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = answer


class HasPublicPages(HasPages):
    """Tells everybody what is for everybody, and gives any other path the same page."""

    pages: ClassVar[dict[str, tuple[str, str]]] = {
        "/status": ("application/json", '{"result": "ok", "tools": 3}'),
        "/metrics": ("text/plain", 'requests_total{status="200"} 3\n'),
        "/openapi.json": ("application/json", '{"openapi": "3.1.0", "paths": {"/v1/keys": {}}}'),
        "/sse": ("text/event-stream", "event: endpoint\ndata: /mcp\n\n"),
    }
    otherwise: ClassVar[tuple[str, str] | None] = ("text/html", "<h1>Acme</h1>")


class NamesATenantEverywhere(HasPages):
    """Has a name that is also a tenant's id on its every page."""

    otherwise: ClassVar[tuple[str, str] | None] = ("text/html", "<h1>tenant-a</h1>")


class LabelsMetrics(HasPages):
    """Labels public metrics with tenants."""

    pages: ClassVar[dict[str, tuple[str, str]]] = {
        "/metrics": ("text/plain", 'calls_total{tenant="tenant-b"} 3\n')
    }


class StreamsToAll(HasABearer):
    """Opens a session of the older transport for everybody, and leaves the stream open."""

    def answer(self) -> None:
        """Say where messages go, and wait until the caller is gone."""
        if self.path != "/sse":
            super().answer()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(f"event: endpoint\ndata: /m?sessionId={SESSION}\n\n".encode())
        self.wfile.flush()
        self.rfile.read(1)
        self.close_connection = True

    do_GET = answer


class HasAnOlderRoute(Good):
    """Guards one endpoint of two."""

    def tenant(self) -> str | None:
        """Return A for whoever comes by the older route."""
        return "tenant-a" if self.path.startswith("/messages") else super().tenant()


class OpensToAllTwice(OpensToAll):
    """Has a twin of the endpoint, which is as open as the endpoint and no more."""


@pytest.mark.parametrize(
    ("server", "profile", "verdict"),
    [
        pytest.param(Good, PROFILE, "pass", id="good"),
        pytest.param(HasPublicPages, PROFILE + BEARER, "pass", id="public pages"),
        pytest.param(NamesATenantEverywhere, PROFILE + BEARER, "pass", id="a name on every page"),
        pytest.param(OpensToAllTwice, PROFILE, "inconclusive", id="as open as the endpoint"),
        pytest.param(LabelsMetrics, PROFILE + BEARER, "fail", id="metrics"),
        pytest.param(StreamsToAll, PROFILE + BEARER, "fail", id="the older stream"),
        pytest.param(HasAnOlderRoute, PROFILE, "fail", id="the older route"),
    ],
)
def test_what_other_routes_give_is_found(
    tmp_path: Path, server: type[Good], profile: str, verdict: str
) -> None:
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-19", profile=profile)
    assert found.verdicts == {"AUTH-19": verdict}, found.output


@pytest.mark.parametrize("path", ["/mcp", "/", "/mcp/", "/api/v1/mcp", "/sse", "/mcp?v=2"])
def test_other_routes_are_few_and_none_is_the_endpoint(path: str) -> None:
    found = [*calls(path), *streams(path), *pages(path)]
    assert path not in found
    assert len(found) <= MOST
    assert all(route.startswith("/") and not route.startswith("//") for route in found)


def _answer(body: str, status: int = 200, **headers: str) -> Answer:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(Transport.ANSWERED, status, fields, body.encode())


@pytest.mark.parametrize(
    ("answer", "is_open"),
    [
        (_answer('{"jsonrpc": "2.0", "id": 1, "result": {}}'), True),
        (_answer('{"result": {}}'), False),
        (_answer("", mcp_session_id=SESSION), True),
        (_answer("", 404, mcp_session_id=SESSION), False),
        (_answer(f"event: endpoint\r\ndata: /messages/?session_id={SESSION}\r\n\r\n"), True),
        (_answer(f"event: endpoint\ndata: /sse/{SESSION}\n\n"), True),
        (_answer("event: endpoint\ndata: /internationalization\n\n"), False),
        (_answer(f"see /messages?session_id={SESSION}"), False),
    ],
)
def test_a_session_is_told_from_a_page(answer: Answer, *, is_open: bool) -> None:
    assert opened(answer) is is_open


def test_tools_are_told_from_their_names() -> None:
    assert lists_tools(_answer('{"tools": [{"name": "a", "inputSchema": {}}]}'))
    assert lists_tools(_answer('[{"name": "a", "input_schema": {}}]'))
    assert not lists_tools(_answer('{"tools": [{"name": "a", "price": 3}], "count": 1}'))
    assert not lists_tools(_answer('["a", "b"]'))


def test_what_is_known_is_shown_where_it_stands_alone() -> None:
    known = {"the id": "tenant-a"}
    assert shown(_answer('tenant="tenant-a"'), known) == ["the id"]
    assert shown(_answer("", location="/t/tenant-a/"), known) == ["the id"]
    assert not shown(_answer("tenant-abc, my-tenant-a"), known)
