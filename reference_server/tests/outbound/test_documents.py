"""What trusted servers are asked for: in bounded time and size, and nowhere else."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from reference_server.outbound import documents
from reference_server.outbound.documents import AGENT, MOST_BYTES, DocumentError, HttpsDocuments

if TYPE_CHECKING:
    from collections.abc import Iterator

_over = threading.Event()


class _Trusted(BaseHTTPRequestHandler):
    """Answers by the path."""

    def do_GET(self) -> None:
        """Answer in one of some ways, most of which are no good."""
        if self.path == "/silent":
            _over.wait(5)
            return
        self.send_response(302 if self.path == "/on" else 200)
        self.send_header("Location", "/there")
        self.end_headers()
        with suppress(OSError):  # who has heard enough hangs up
            while self.path == "/dripping" and not _over.wait(0.05):
                self.wfile.write(b"x")
            self.wfile.write(b"x" * (MOST_BYTES + 1 if self.path == "/long" else 10))

    def do_POST(self) -> None:
        """Answer with what was sent."""
        self.send_response(200)
        self.end_headers()
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        told = [self.headers.get(name, "-") for name in ("X-Word", "Content-Type", "User-Agent")]
        self.wfile.write(sent + b" " + " ".join(told).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Stay silent."""


@pytest.fixture
def origin() -> Iterator[str]:
    _over.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Trusted) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        _over.set()
        server.shutdown()
        thread.join(5)


def test_a_document_is_fetched_and_a_form_posted(origin: str) -> None:
    trusted = HttpsDocuments([origin])
    assert trusted.get(f"{origin}/document") == b"x" * 10
    kind = b"application/x-www-form-urlencoded"
    told = trusted.post(f"{origin}/form", {"a": "b c"}, {"X-Word": "w"})
    assert told == b"a=b+c w %s %s" % (kind, AGENT)


def test_a_json_document_is_posted(origin: str) -> None:
    told = HttpsDocuments([origin]).post_json(f"{origin}/json", {"a": ["ä"]}, {})
    assert told == b'{"a": ["\\u00e4"]} - application/json ' + AGENT


@pytest.mark.parametrize(
    ("path", "complaint"), [("/on", "status 302"), ("/long", "more than a document has")]
)
def test_what_is_no_document_is_refused(origin: str, path: str, complaint: str) -> None:
    with pytest.raises(DocumentError, match=complaint):
        HttpsDocuments([origin]).get(origin + path)


@pytest.mark.parametrize("path", ["/silent", "/dripping"])
def test_an_answer_has_its_time(origin: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "SECONDS", 0.3)
    begun = time.monotonic()
    with pytest.raises(DocumentError, match="Timeout"):
        HttpsDocuments([origin]).get(origin + path)
    assert 0.25 < time.monotonic() - begun < 3


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://[::1/",
        "http://127.0.0.1:1/x",
        "ftp://x/",
        "https://u@example.com/",
        "https://é/",
    ],
)
def test_no_other_url_is_asked(url: str) -> None:
    with pytest.raises(DocumentError, match="names"):
        HttpsDocuments(["http://127.0.0.1:2"]).get(url)


def test_an_address_of_our_own_network_is_not_asked() -> None:
    with pytest.raises(DocumentError, match="RefusedUrlError"):
        HttpsDocuments(["http://127.0.0.1:2"]).get("https://127.0.0.1:3/")
