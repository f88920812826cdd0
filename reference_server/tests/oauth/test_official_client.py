"""The official Python client comes from a bare URL to a tool's answer, over real HTTP."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from reference_server.tests.oauth.test_documents import serving_documents
from reference_server.tests.running import running

if TYPE_CHECKING:
    from collections.abc import Generator

CALLBACK = "http://127.0.0.1:4711/callback"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Any]]:
    """A running demo: what its state file says."""
    path = tmp_path_factory.mktemp("authorization") / "state.json"
    with running(path) as told:
        yield told


class Memory:
    """Keeps what a client is told."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """Return the tokens."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep the tokens."""
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Return the registration."""
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep the registration."""
        self.client = client_info


class Browser:
    """A user's browser, which has his session and in which he allows whatever he is asked."""

    def __init__(self, state: dict[str, Any], tenant: str) -> None:
        session = state["tenants"][tenant]["session"]
        self._headers = {
            "Cookie": f"{state['signing']['cookie']}={session}",
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Sec-Fetch-Site": "same-origin",
        }
        self.seen = ""
        self._answer: dict[str, str] = {}

    async def open(self, url: str) -> None:
        """Open the page, and send its form."""
        async with httpx.AsyncClient(headers=self._headers) as line:
            page = await line.get(url)
            self.seen = page.text
            seal = re.search(r'name="request" value="([^"]+)"', page.text)
            assert seal is not None, page.text
            form = {"request": html.unescape(seal[1]), "decision": "allow"}
            origin = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
            answer = await line.post(f"{origin}/oauth/authorize", data=form)
        assert answer.headers["Location"].startswith(f"{CALLBACK}?")
        self._answer = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    async def answer(self) -> AuthorizationCodeResult:
        """Return what the client is told at its redirect URI."""
        return AuthorizationCodeResult(**self._answer)


async def converse(state: dict[str, Any], browser: Browser, memory: Memory, *tools: Any) -> Any:
    """Call tools by an MCP client that knows nothing but the endpoint's URL; the last result."""
    provider = OAuthClientProvider(
        state["url"],
        OAuthClientMetadata(redirect_uris=[AnyUrl(CALLBACK)], client_name="An official client"),
        memory,
        redirect_handler=browser.open,
        callback_handler=browser.answer,
    )
    agent = {"User-Agent": "official-client/1.0"}
    async with httpx2.AsyncClient(auth=provider, headers=agent) as line:
        transport = streamable_http_client(state["url"], http_client=line)
        async with Client(transport) as client:
            result: Any = await client.call_tool("ping", {})
            for name, arguments in tools:
                result = await client.call_tool(name, arguments)
            return result


def test_from_a_bare_url_to_a_tool(state: dict[str, Any]) -> None:
    browser, memory = Browser(state, "a"), Memory()
    result = anyio.run(converse, state, browser, memory)
    assert result.structured_content["tenantId"] == state["tenants"]["a"]["id"]
    assert "An official client" in browser.seen
    assert memory.tokens is not None
    assert memory.tokens.scope == "mcp:read"
    assert memory.client is not None
    assert memory.client.client_secret is None


def test_with_what_it_was_told_before_no_user_is_asked(state: dict[str, Any]) -> None:
    memory = Memory()
    anyio.run(converse, state, Browser(state, "b"), memory)
    again = Browser(state, "b")
    result = anyio.run(converse, state, again, memory)
    assert result.structured_content["tenantId"] == state["tenants"]["b"]["id"]
    assert again.seen == ""


def test_what_needs_more_consent_is_asked_for_once(state: dict[str, Any]) -> None:
    """A 403 names the scope; the client asks for it and what it has, and the call succeeds."""
    browser, memory = Browser(state, "a"), Memory()
    change = ("forget_metrics", {"platform": "tiktok"})
    result = anyio.run(converse, state, browser, memory, change, change)
    assert not result.is_error, result
    assert memory.tokens is not None
    assert set((memory.tokens.scope or "").split()) == {"mcp:read", "mcp:write"}
    assert "Change your organization" in browser.seen


def test_the_demo_fetches_documents_from_where_it_says(state: dict[str, Any]) -> None:
    """Nobody listens there; what is anywhere else on this machine is no client."""
    origin = state["authorization"]["document_origin"]
    base = state["url"].removesuffix("/mcp")
    cookie = f"{state['signing']['cookie']}={state['tenants']['a']['session']}"
    headers = {"Cookie": cookie, "User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
    with httpx.Client(base_url=base, headers=headers) as line, serving_documents() as other:
        allowed = line.get("/oauth/authorize", params={"client_id": f"{origin}/client"})
        assert "did not answer" in allowed.text
        elsewhere = line.get("/oauth/authorize", params={"client_id": f"{other}/client"})
        assert "not known here" in elsewhere.text
