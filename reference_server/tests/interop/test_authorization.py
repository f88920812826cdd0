"""Official peers of the authorization server: the runner's scenarios, and clients with a browser.

Each client knows the endpoint's URL alone. What it wants a person to see is opened in Chromium,
where scripts are off and somebody is signed in, and allowed there by the page's own button.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx
import pytest
from mcp.shared.auth import AuthorizationCodeResult

from reference_server.demo.ports import free_port
from reference_server.tests.answering import Silent, answering
from reference_server.tests.interop.test_official_runner import RUNNER
from reference_server.tests.oauth.test_official_client import Memory, converse
from reports.tests.browser import started

if TYPE_CHECKING:
    from collections.abc import Generator

    from reports.tests.browser import Browser

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent
SECONDS = 60
KINDS = ("v1", "v2-legacy", "v2-stateless")
_PAGE = re.compile(r"https?://\S*[?&]code_challenge=\S*")
_ALLOW = "document.querySelector('button[value=allow]')"
_CHECKS = {
    "authorization-server-metadata",
    "authorization-server-metadata-cimd",
    "authorization-code-grant",
}
"""All that the runner can point at an authorization server; its others are scenarios of clients,
which bring a server of their own."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Generator[Browser]:
    with started(tmp_path_factory.mktemp("profile")) as found:
        yield found


class Person:
    """Somebody who is signed in, and allows what he is asked."""

    def __init__(self, browser: Browser, state: dict[str, Any], tenant: str) -> None:
        self._page = browser.page()
        self._page.call(
            "Network.setCookie",
            name=state["signing"]["cookie"],
            value=state["tenants"][tenant]["session"],
            url=state["url"],
            path="/",
            secure=True,
            httpOnly=True,
        )
        self._page.call("Emulation.setScriptExecutionDisabled", value=True)
        self.seen = ""

    def allow(self, url: str) -> None:
        """Open a page of consent, and press the button that allows it."""
        self._page.visit(url)
        self.seen = self._page.ask("document.body.innerText")
        assert self._page.ask(f"{_ALLOW} !== null"), self.seen
        self._page.ask(f"{_ALLOW}.click()")


class Callback:
    """The redirect URI of a client that runs on this machine."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/callback"
        self._came, self._path = threading.Event(), ""

    def come(self, path: str) -> None:
        """Take what the browser asks for."""
        self._path = path
        self._came.set()

    def answer(self) -> str:
        """Return the URL that the browser was sent to."""
        assert self._came.wait(SECONDS), "nobody came back to the client"
        return f"{self.url}{self._path.removeprefix('/callback')}"


@contextmanager
def listening() -> Generator[Callback]:
    class Handler(Silent):
        def do_GET(self) -> None:
            if self.path.startswith("/callback?"):
                callback.come(self.path)
            self.send_response(204)
            self.end_headers()

    with answering(Handler) as port:
        callback = Callback(port)
        yield callback


class Agent:
    """What the Python client opens pages with, and hears of the answer by."""

    def __init__(self, person: Person, callback: Callback) -> None:
        self._person, self._callback, self.callback = person, callback, callback.url

    async def open(self, url: str) -> None:
        """Have the person allow what the page asks for."""
        await anyio.to_thread.run_sync(self._person.allow, url)

    async def answer(self) -> AuthorizationCodeResult:
        """Return what the client is told at its redirect URI."""
        url = await anyio.to_thread.run_sync(self._callback.answer)
        return AuthorizationCodeResult(**dict(parse_qsl(urlsplit(url).query)))


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
def test_the_python_client_comes_from_a_bare_url_to_a_tool(
    state: dict[str, Any], browser: Browser, mode: str
) -> None:
    person, memory = Person(browser, state, "b"), Memory()
    with listening() as callback:
        talk = partial(converse, state, Agent(person, callback), memory, mode=mode)
        result = anyio.run(talk)
    assert result.structured_content["tenantId"] == state["tenants"]["b"]["id"]
    assert "An official client" in person.seen


@pytest.mark.parametrize("is_registered", [False, True], ids=["registers", "registered"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_typescript_client_comes_from_a_bare_url_to_a_tool(
    node: str, state: dict[str, Any], browser: Browser, kind: str, *, is_registered: bool
) -> None:
    person = Person(browser, state, "a")
    with listening() as callback:
        words = [node, str(HERE / "authorize.mjs"), kind, state["url"], callback.url]
        words += [_registered(state, callback.url)] if is_registered else []
        process = subprocess.Popen(
            words, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            told: dict[str, Any] = json.loads(process.stdout.readline())
            assert "open" in told, told
            person.allow(told["open"])
            rest, _ = process.communicate(f"{callback.answer()}\n", timeout=SECONDS)
        finally:
            process.kill()
            process.wait()
    found = json.loads(rest)
    assert "error" not in found, found["error"]
    assert found["ping"]["structuredContent"]["tenantId"] == state["tenants"]["a"]["id"]
    assert ("A registered client" if is_registered else "An official client") in person.seen
    assert "127.0.0.1" in person.seen


def test_the_official_runner_finds_no_fault_with_the_authorization_server(
    node: str, state: dict[str, Any], browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    client = _registered(state, f"http://127.0.0.1:{port}/callback")
    issuer = str(state["url"]).removesuffix("/mcp")
    words = [node, str(RUNNER), "authorization", "--url", issuer, "--client-id", client]
    words += ["--port", str(port), "--output-dir", str(tmp_path)]
    output = ""
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                output += line
                if (page := _PAGE.search(line)) is not None:
                    Person(browser, state, "b").allow(page[0])
            assert process.wait(SECONDS) == 0, output
        finally:
            process.kill()
    found: dict[str, set[str]] = {}
    for path in tmp_path.rglob("checks.json"):
        for check in cast("list[dict[str, Any]]", json.loads(path.read_text("utf-8"))):
            found.setdefault(check["id"], set()).add(check["status"])
    assert set(found) == _CHECKS, (found, output)
    assert set().union(*found.values()) <= {"SUCCESS", "INFO"}, (found, output)


def _registered(state: dict[str, Any], redirect: str) -> str:
    base = state["url"].removesuffix("/mcp")
    told = {
        "client_name": "A registered client",
        "redirect_uris": [redirect],
        "token_endpoint_auth_method": "none",
    }
    headers = {"User-Agent": "official-runner/1.0"}
    answer = httpx.post(f"{base}/oauth/register", json=told, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["client_id"]
