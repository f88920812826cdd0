"""Clients by a document of their own: which URL is one, what it says, and how it is fetched."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from reference_server.core.errors import RefusedUrlError
from reference_server.oauth.documents import MOST_BYTES, DocumentClients, seconds_good
from reference_server.outbound.fetching import Page
from reference_server.tests.answering import Silent, answering
from reference_server.tests.fakes import FakeClock
from reference_server.tests.oauth.browsing import REDIRECT, ROOMY, Line, Somebody
from reference_server.tests.rows import add_tenant

if TYPE_CHECKING:
    from collections.abc import Generator

    from sqlalchemy import Engine

URL = "https://client.example/client.json"
DOCUMENT: dict[str, Any] = {
    "client_id": URL,
    "client_name": "A client",
    "redirect_uris": [REDIRECT],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
}
JSON = {"content-type": "application/json"}


class FakeReader:
    """Answers every URL with one page, and counts how often."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []

    def read(self, url: str, most: int, accept: str = "*/*") -> Page:
        """Return the page."""
        assert (most, accept) == (MOST_BYTES, "application/json")
        self.asked.append(url)
        return self.page


def page(told: object = DOCUMENT, status: int = 200, **fields: str) -> Page:
    """Return a page that holds a document."""
    headers = {**JSON, **{name.replace("_", "-"): value for name, value in fields.items()}}
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return Page(status, headers, body[:MOST_BYTES], len(body) <= MOST_BYTES)


def clients(reader: FakeReader, clock: FakeClock | None = None) -> DocumentClients:
    """Return the clients whose documents a reader reads."""
    nobody: Any = None
    return DocumentClients(nobody, reader, clock or FakeClock())


def test_a_document_describes_its_client() -> None:
    found = clients(FakeReader(page())).find(URL)
    assert found is not None
    assert (found.id, found.name, found.redirect_uris) == (URL, "A client", (REDIRECT,))
    assert found.check_grant_type("refresh_token")


@pytest.mark.parametrize(
    "url",
    [
        "http://client.example/client.json",
        "https://client.example",
        "https://client.example/",
        "https://user@client.example/client.json",
        "https://client.example/client.json#x",
        "https://client.example/a/../client.json",
        "https://client.example/./client.json",
        "ftp://client.example/client.json",
        "https:///client.json",
        "https://[x/client.json",
        URL + "x" * 2000,
    ],
)
def test_what_is_no_url_of_a_document_is_not_fetched(url: str) -> None:
    reader = FakeReader(page())
    assert not clients(reader).is_document(url)
    assert reader.asked == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (page(status=404), "status 404"),
        (page(status=302, location=URL), "status 302"),
        (page(status=201), "status 201"),
        (page(content_type="text/html"), "not of the type"),
        (page(b"x" * (MOST_BYTES + 1)), "bytes"),
        (page({**DOCUMENT, "contacts": ["x" * MOST_BYTES]}), "bytes"),
        (page(b"{"), "no JSON object"),
        (page(b"\xff"), "no JSON object"),
        (page(b"[" * 5000), "no JSON object"),
        (page([]), "no JSON object"),
        (page({**DOCUMENT, "client_id": URL + "?"}), "its own URL"),
        (page({**DOCUMENT, "client_id": URL.upper()}), "its own URL"),
        (page({name: DOCUMENT[name] for name in DOCUMENT if name != "client_id"}), "its own URL"),
        (page({**DOCUMENT, "client_name": None}), "client_name"),
        (page({**DOCUMENT, "client_name": "\u200b"}), "client_name"),
        (page({**DOCUMENT, "redirect_uris": None}), "redirect_uris"),
        (page({**DOCUMENT, "redirect_uris": ["http://client.example/"]}), "redirect_uris"),
        (page({**DOCUMENT, "client_secret": "x"}), "client_secret"),
        (page({**DOCUMENT, "client_secret_expires_at": 0}), "client_secret_expires_at"),
        (page({**DOCUMENT, "token_endpoint_auth_method": "client_secret_post"}), "auth_method"),
    ],
)
def test_a_document_that_is_no_good_is_refused_and_not_remembered(answer: Page, why: str) -> None:
    reader = FakeReader(answer)
    known = clients(reader)
    for _ in range(2):
        with pytest.raises(RefusedUrlError, match=why):
            known.find(URL)
    assert len(reader.asked) == 2
    reader.page = page()
    assert known.find(URL) is not None


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("", 300),
        ("max-age=60", 60),
        ("public, Max-Age=60", 60),
        ("max-age=999999999", 24 * 3600),
        ("max-age=0", 0),
        ("no-store", 0),
        ("max-age=60, no-cache", 0),
        ("s-maxage=60", 300),
        ("x-max-age=1", 300),
    ],
)
def test_a_document_is_good_as_long_as_it_says(field: str, seconds: int) -> None:
    assert seconds_good(field) == seconds
    clock, reader = FakeClock(), FakeReader(page(cache_control=field))
    known = clients(reader, clock)
    known.find(URL)
    clock.advance(seconds - 1)
    known.find(URL)
    assert len(reader.asked) == (1 if seconds else 2)
    clock.advance(1)
    known.find(URL)
    assert len(reader.asked) == (2 if seconds else 3)


def test_so_many_documents_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference_server.oauth.documents.MOST_REMEMBERED", 2)
    reader = FakeReader(page())
    known = clients(reader)
    for name in "abca":
        url = f"https://client.example/{name}"
        reader.page = page({**DOCUMENT, "client_id": url})
        known.find(url)
    assert len(reader.asked) == 4


class _Documents(Silent):
    """Serves documents of clients; redirects where the path says so."""

    def do_GET(self) -> None:
        """Answer."""
        host = self.headers["Host"]
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", f"http://{host}/client")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        told = {**DOCUMENT, "client_id": f"http://{host}{self.path}"}
        self.wfile.write(json.dumps(told).encode())


@contextmanager
def serving_documents() -> Generator[str]:
    """Serve documents; yield the origin."""
    with answering(_Documents) as port:
        yield f"http://127.0.0.1:{port}"


def test_a_client_of_a_document_comes_to_tokens(owner_engine: Engine, app_engine: Engine) -> None:
    user = Somebody(add_tenant(owner_engine))
    with serving_documents() as origin:
        line = Line(app_engine, user, ROOMY, (origin,))
        client_id = f"{origin}/client"
        text = line.page(line.asked(client_id)).text
        assert f"<bdi>{origin.removeprefix('http://')}</bdi> says of the application" in text
        assert "The name is unverified" in text
        tokens = line.tokens(client_id)
        refused = line.page(line.asked(client_id, redirect_uri=REDIRECT + "x"))
        assert refused.status_code == 400
        moved = line.page(line.asked(f"{origin}/moved"))
        assert "status 302" in moved.text
    assert line.refresh(client_id, tokens["refresh_token"]).status_code == 200, "nothing is fetched"


def test_this_machine_is_asked_for_nothing_that_is_not_allowed(
    owner_engine: Engine, app_engine: Engine
) -> None:
    line = Line(app_engine, Somebody(add_tenant(owner_engine)))
    for url in ("https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x"):
        refused = line.page(line.asked(url))
        assert refused.status_code == 400
        assert "no public address" in refused.text
    assert "not known here" in line.page(line.asked("http://127.0.0.1:1/x")).text
