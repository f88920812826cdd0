"""Defects of what the server calls because a caller named it."""

from __future__ import annotations

import contextlib
import ipaddress
import posixpath
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from reference_server.core.errors import RefusedUrlError
from reference_server.mutants.bending import mutant, replaced, with_tool
from reference_server.mutants.rls.offers import Family, with_family
from reference_server.outbound.addresses import resolved
from reference_server.outbound.fetching import Fetched, Fetcher
from reference_server.tools.landing_page import LandingPage
from reference_server.tools.raise_error import RaiseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller, Tool

SECONDS = 3.0


def get(url: str, *, follows: bool = False) -> Fetched:
    """Fetch whatever is named."""
    try:
        with httpx.Client(trust_env=False, follow_redirects=follows, timeout=SECONDS) as client:
            answer = client.get(url)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError):
        raise RefusedUrlError("The URL did not answer.") from None
    return Fetched(answer.status_code, answer.headers.get("content-type", ""), len(answer.content))


@dataclass(frozen=True)
class Pages:
    """Fetches what ``judged`` lets through, which raises RefusedUrlError."""

    judged: Callable[[str], None]
    follows: bool = False

    def fetch(self, url: str) -> Fetched:
        """Fetch a page."""
        self.judged(url)
        return get(url, follows=self.follows)


def fetching(pages: Callable[[Fetcher], Any]) -> Callable[[Parts], Parts]:
    """Return a change of parts whose tool fetches pages otherwise; it is given what is replaced."""

    def bent(tool: Tool) -> Tool:
        return LandingPage(pages(tool.pages)) if isinstance(tool, LandingPage) else tool  # type: ignore[arg-type]

    return replaced({"mcp.tools": lambda parts: tuple(map(bent, parts.mcp.tools))})


def _judges_nothing(url: str) -> None:
    del url


def _judges_names(url: str) -> None:
    """Refuse the names that everybody thinks of."""
    if (urlsplit(url).hostname or "") in {"127.0.0.1", "localhost", "::1", "0.0.0.0"}:
        raise RefusedUrlError("The URL leads to no public address.")


def _judges_ipv4(url: str) -> None:
    """Refuse what resolves to a private IPv4 address, and know of no other kind."""
    for address in resolved(urlsplit(url).hostname or "", 80):
        found = ipaddress.ip_address(address)
        if isinstance(found, ipaddress.IPv4Address) and found.is_private:
            raise RefusedUrlError("The URL leads to no public address.")


def _judges_the_first_host(url: str) -> None:
    """Read the host as everything up to the first sign after it, so that a name before @ is it."""
    host = url.partition("://")[2].partition("@")[0].partition("/")[0].rpartition(":")[0]
    with contextlib.suppress(OSError):
        if not ipaddress.ip_address(socket.gethostbyname(host or "localhost")).is_global:
            raise RefusedUrlError("The URL leads to no public address.")


@dataclass(frozen=True)
class _Following:
    """Judges where it begins, and goes on wherever it is sent."""

    first: Fetcher

    def fetch(self, url: str) -> Fetched:
        found = self.first.fetch(url)
        return get(url, follows=True) if found.status // 100 == 3 else found  # noqa: PLR2004


def _fetched_later(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    del caller

    def fetch() -> None:
        with contextlib.suppress(RefusedUrlError):
            get(arguments["url"])

    threading.Thread(target=fetch, daemon=True).start()
    return {"status": 202, "contentType": "queued"}


def _with_a_preview(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    """Look up what a text links to, as chats do, before it does its work."""
    for word in str(arguments.get("message", "")).split():
        if word.startswith("http"):
            with contextlib.suppress(RefusedUrlError):
                get(word)
    return RaiseError().run(arguments, caller)


@dataclass
class _FetchesByUri(Family):
    """Reads any resource that has a URL, besides its own."""

    uri_template: str = "{+uri}"

    def __post_init__(self) -> None:
        """Take over all but the template."""
        super().__post_init__()
        self.uri_template = ""

    def read(self, uri: str, caller: Caller) -> str:
        """Fetch what is no name of its own."""
        return f"{get(uri)}" if uri.startswith("http") else self.inner.read(uri, caller)

    def list_after(self, position: str, count: int, caller: Caller) -> Sequence[Any]:
        """List nothing more."""
        del position, count, caller
        return []


def _reads_urls(parts: Parts) -> Any:
    return (*parts.mcp.resources, _FetchesByUri(parts.mcp.resources[0]))


@dataclass
class _InAPath(Family):
    """Makes an id a part of a backend's path, which is made plain there."""

    def read(self, uri: str, caller: Caller) -> str:
        """Read what the path leads to."""
        scheme, _, rest = uri.partition("://")
        path = posixpath.normpath(posixpath.join("/metrics", unquote(rest)))
        return self.inner.read(f"{scheme}://{posixpath.basename(path)}", caller)


@dataclass
class _InAUrl(Family):
    """Makes an id a part of a backend's URL, of which the path alone is looked at."""

    def read(self, uri: str, caller: Caller) -> str:
        """Read what the URL leads to."""
        scheme, _, rest = uri.partition("://")
        place = urlsplit(urljoin("https://backend.example/metrics/", unquote(rest)))
        return self.inner.read(f"{scheme}://{posixpath.basename(place.path)}", caller)


MUTANTS = (
    mutant(
        "page-of-any-address",
        "MCP-23",
        "A caller's URL is fetched, whatever address it leads to.",
        parts=fetching(lambda _: Pages(_judges_nothing)),
    ),
    mutant(
        "page-judged-by-name",
        "MCP-23",
        "Names of loopback are refused, and not what else leads there.",
        parts=fetching(lambda _: Pages(_judges_names)),
    ),
    mutant(
        "page-judged-by-ipv4-alone",
        "MCP-23",
        "Private IPv4 addresses are refused, however they are spelt, and none of IPv6.",
        parts=fetching(lambda _: Pages(_judges_ipv4)),
    ),
    mutant(
        "page-judged-by-what-stands-first",
        "MCP-23",
        "A name before an @ is taken for the URL's host.",
        parts=fetching(lambda _: Pages(_judges_the_first_host)),
    ),
    mutant(
        "page-fetched-later",
        "MCP-23",
        "The tool answers at once, and a worker fetches whatever the URL leads to.",
        parts=with_tool("check_landing_page", _fetched_later),
    ),
    mutant(
        "page-with-redirects-followed",
        "MCP-23-b",
        "The first address is judged, and none that a redirect leads to.",
        parts=fetching(_Following),
    ),
    mutant(
        "links-previewed",
        "MCP-23",
        "A tool looks up what the text that it is given links to.",
        parts=with_tool("raise_error", _with_a_preview),
    ),
    mutant(
        "resources-of-any-url",
        "MCP-23",
        "A resource with a URL that is not the server's own is fetched.",
        parts=replaced({"mcp.resources": _reads_urls}),
    ),
    mutant(
        "resource-id-in-a-path",
        "MCP-23",
        "The id in a resource's URI becomes part of a path, and can climb out of its place.",
        parts=with_family(_InAPath),
    ),
    mutant(
        "resource-id-in-a-url",
        "MCP-23",
        "The id in a resource's URI becomes part of a URL, and can climb out of its place.",
        parts=with_family(_InAUrl),
    ),
    mutant(
        "prompt-id-in-a-path",
        "MCP-23",
        "A prompt makes the id that it is given a part of a path.",
        parts=with_family(_InAPath, in_prompts=True),
    ),
)
