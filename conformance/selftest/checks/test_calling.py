"""Who calls what a caller named, and who only reads it, at servers that are not the reference."""

from __future__ import annotations

import contextlib
import re
import threading
import urllib.request
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.checks.mcp.calling import takes_urls
from conformance.forge.spelt_addresses import spellings_of
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import serving
from conformance.selftest.tools import BadArgumentError, Tools

if TYPE_CHECKING:
    from pathlib import Path

FETCHING = PROFILE + '[tools.fetching]\nname = "preview"\nargument = "address"\n'


class Previews(Tools):
    """Has ``preview`` (address), which reads a URL and calls none."""

    title: ClassVar[str] = "Preview"

    def _listed(self) -> dict[str, Any]:
        schema = {"type": "object", "properties": {"address": {"type": "string", "format": "uri"}}}
        return {"name": "preview", "inputSchema": schema}

    def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Look a URL's host up in a list."""
        if name != "preview":
            return super().call(name, arguments)
        return self.preview(str(arguments["address"]))

    def preview(self, address: str) -> dict[str, Any]:
        """Tell what the URL says, and no more."""
        return {"title": self.title, "address": address}


class Calls(Previews):
    """Fetches the URL."""

    def preview(self, address: str) -> dict[str, Any]:
        """Fetch it, and say nothing of what came."""
        fetched(address)
        return super().preview(address)


class CallsLater(Previews):
    """Fetches the URL once it has answered."""

    def preview(self, address: str) -> dict[str, Any]:
        """Have somebody else fetch it."""
        threading.Timer(0.1, fetched, (address,)).start()
        return super().preview(address)


class CallsWhatLooksPublic(Previews):
    """Fetches the URL where its host does not look like loopback."""

    def preview(self, address: str) -> dict[str, Any]:
        """Refuse what everybody would think of."""
        if re.search(r"//(localhost|127\.|0\.0\.0\.0|\[)", address, re.IGNORECASE):
            raise BadArgumentError("not allowed")
        fetched(address)
        return super().preview(address)


def fetched(address: str) -> None:
    with contextlib.suppress(OSError, ValueError, UnicodeError):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(address, timeout=2).close()


@pytest.mark.parametrize("kind", [Calls, CallsLater, CallsWhatLooksPublic])
def test_who_calls_what_it_is_given_is_found_out(tmp_path: Path, kind: type[Previews]) -> None:
    with serving(kind) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=MCP-23", profile=FETCHING)
    assert found.verdicts == {"MCP-23": "fail"}
    assert "preview.address, given an address of the judge's own" in found.output


def test_who_only_reads_it_is_not_accused(tmp_path: Path) -> None:
    with serving(Previews) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=MCP-23", profile=FETCHING)
    assert found.verdicts == {"MCP-23": "pass"}


def test_a_tool_that_takes_urls_and_is_not_named_is_not_called(tmp_path: Path) -> None:
    profile = PROFILE + '[tools.by_id]\nname = "invoice"\nargument = "id"\nlisted_by = "invoices"\n'
    with serving(Calls) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=MCP-23", profile=profile)
    assert found.verdicts == {"MCP-23": "not assessed"}
    assert "preview.address takes a URL" in str(found.lines)


def test_an_origin_that_is_never_called_decides_nothing(tmp_path: Path) -> None:
    profile = FETCHING + 'origin = "http://127.0.0.9:18099"\n'
    with serving(Previews) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=MCP-23-b", profile=profile)
    assert found.verdicts == {"MCP-23-b": "inconclusive"}
    assert "fetches from http://127.0.0.9:18099, as it may" in found.output


def test_who_follows_a_redirect_is_found_out(tmp_path: Path) -> None:
    profile = FETCHING + 'origin = "http://127.0.0.9:18098"\n'
    with serving(Calls) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=MCP-23-b", profile=profile)
    assert found.verdicts == {"MCP-23-b": "fail"}


def test_every_spelling_leads_to_the_address() -> None:
    hosts = spellings_of("127.0.0.1", has_ipv6=True)
    assert len(set(hosts.values())) == len(hosts) >= 14
    private = spellings_of("10.0.0.5")
    assert private["as one number"] == "167772165"
    assert private["in octal"] == "012.00.00.05"
    assert private["inside an IPv6 address, in hexadecimal"] == "[::ffff:a00:5]"
    assert "localhost" not in private.values()


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("url", {"type": "string"}),
        ("webhook_url", {}),
        ("callbackUrl", {"type": "string"}),
        ("where", {"type": "string", "format": "uri"}),
    ],
)
def test_arguments_for_urls_are_known_by_name_or_schema(name: str, schema: dict[str, Any]) -> None:
    assert takes_urls(name, schema)


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("hostname", {"type": "string"}),
        ("curl", {"type": "string"}),
        ("link", {"type": "string", "enum": ["a"]}),
        ("url", {"type": "object"}),
    ],
)
def test_other_arguments_are_not(name: str, schema: dict[str, Any]) -> None:
    assert not takes_urls(name, schema)
