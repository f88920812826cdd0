"""OAUTH-01: metadata that a resource and its authorization server may publish, and may not.

Those of well-known servers, as their makers document them, accuse nobody.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from conformance.selftest.authorizing import OPENID, RESOURCE, SERVER, Authorizing
from conformance.selftest.judging import ROOT, Judged, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MADE_BY = {
    "keycloak": ("/realms/notes", OPENID, True),
    "auth0": ("/", OPENID, False),
    "okta": ("/oauth2/default", SERVER, False),
    "zitadel": ("", OPENID, False),
    "google": ("", OPENID, False),
    "github": ("/login/oauth", SERVER, False),
}
"""The path of each issuer, where its document stands, and whether that is behind its own path."""


def judged(tmp_path: Path, handler: type[Good], *words: str, profile: str | None = None) -> Judged:
    with serving(handler) as url:
        return judge(tmp_path, f"--target={url}", "--requirement=OAUTH-01", *words, profile=profile)


def verdict(tmp_path: Path, handler: type[Good], **more: Any) -> str:
    found = judged(tmp_path, handler, **more)
    assert set(found.verdicts) == {"OAUTH-01"}, found.output[-2000:]
    return found.verdicts["OAUTH-01"]


@pytest.mark.parametrize("name", MADE_BY)
def test_metadata_of_well_known_servers_accuse_nobody(tmp_path: Path, name: str) -> None:
    path, place, is_appended = MADE_BY[name]
    text = (ROOT / "fixtures" / "metadata" / f"{name}.json").read_text("utf-8")

    class WellKnown(Authorizing):
        realm = path

        def server_metadata(self) -> dict[str, Any]:
            return json.loads(text.replace("{origin}", self.origin))

        def documents(self) -> dict[str, Callable[[], dict[str, Any]]]:
            inner = path.rstrip("/")
            told = f"{inner}{place}" if is_appended else f"{place}{inner}"
            return {f"{RESOURCE}/mcp": self.resource, told: self.server_metadata}

    assert verdict(tmp_path, WellKnown) == "pass"


class AtTheRoot(Authorizing):
    """Has one resource, its whole origin, and no challenge that says where."""

    def challenge(self) -> str:
        """Name a scheme alone."""
        return "Bearer"

    def resource(self) -> dict[str, Any]:
        """Name the origin, with the slash that some libraries add."""
        return super().resource() | {"resource": f"{self.origin}/"}

    def documents(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """Publish at the root."""
        return {RESOURCE: self.resource, SERVER: self.server_metadata}


class Modest(Authorizing):
    """Publishes no more than it must."""

    def resource(self) -> dict[str, Any]:
        """Name itself and its authorization server."""
        return {"resource": f"{self.origin}/mcp", "authorization_servers": [self.issuer]}

    def server_metadata(self) -> dict[str, Any]:
        """Name what RFC 8414 and MCP require."""
        needed = "issuer authorization_endpoint token_endpoint response_types_supported"
        needed += " code_challenge_methods_supported"
        return {name: super(Modest, self).server_metadata()[name] for name in needed.split()}


@pytest.mark.parametrize("handler", [Authorizing, AtTheRoot, Modest])
def test_a_server_that_tells_the_truth_passes_without_a_key(
    tmp_path: Path, handler: type[Good]
) -> None:
    assert verdict(tmp_path, handler) == "pass"


def test_a_server_without_oauth_is_not_assessed(tmp_path: Path) -> None:
    found = judged(tmp_path, Good)
    assert found.verdicts == {"OAUTH-01": "not assessed"}
    assert "tells of no authorization server" in str(found.lines)


class Neighbour(AtTheRoot):
    """Shares its origin with another resource, and has none of its own to tell of."""

    def resource(self) -> dict[str, Any]:
        """Name the other."""
        return super().resource() | {"resource": f"{self.origin}/photos"}


def test_the_metadata_of_a_neighbour_are_not_the_target_s(tmp_path: Path) -> None:
    assert verdict(tmp_path, Neighbour) == "not assessed"


def test_a_declared_server_without_metadata_fails(tmp_path: Path) -> None:
    profile = '[target]\nurl = "http://127.0.0.1/"\n[authorization]\nscopes = ["notes"]\n'
    assert verdict(tmp_path, Good, profile=profile) == "fail"


def bent(
    *, resource: dict[str, Any] | None = None, server: dict[str, Any] | None = None
) -> type[Authorizing]:
    """Return a server whose metadata have other entries; one of None is left out."""

    class Bent(Authorizing):
        """Tells otherwise."""

        def resource(self) -> dict[str, Any]:
            return changed(super().resource(), resource, self.origin)

        def server_metadata(self) -> dict[str, Any]:
            return changed(super().server_metadata(), server, self.origin)

        def endpoints(self) -> dict[str, Callable[[str, bytes], tuple[int, Any]]]:
            told = super().server_metadata()
            kept, self.server_metadata = self.server_metadata, lambda: told
            try:
                return super().endpoints()
            finally:
                self.server_metadata = kept

    return Bent


def changed(entries: dict[str, Any], more: dict[str, Any] | None, origin: str) -> dict[str, Any]:
    found = {**entries, **json.loads(json.dumps(more or {}).replace("{origin}", origin))}
    return {name: value for name, value in found.items() if value is not None}


RESOURCES: dict[str, dict[str, Any]] = {
    "another port's": {"resource": "http://127.0.0.1:1/mcp"},
    "another path's": {"resource": "{origin}/other"},
    "the whole origin's, at the place of one resource": {"resource": "{origin}"},
    "nobody's": {"resource": None},
    "no authorization server": {"authorization_servers": []},
    "one without TLS": {"authorization_servers": ["http://login.example"]},
    "one with a query": {"authorization_servers": ["{origin}/?tenant=1"]},
    "no header": {"bearer_methods_supported": ["body"]},
    "tokens in URLs": {"bearer_methods_supported": ["header", "query"]},
    "a secret": {"client_secret": "0123456789"},
}
SERVERS: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "{origin}/other"},
    "a slash more": {"issuer": "{origin}/"},
    "no token endpoint": {"token_endpoint": None},
    "an endpoint without TLS": {"revocation_endpoint": "http://login.example/revoke"},
    "no code": {"response_types_supported": ["token"]},
    "no PKCE": {"code_challenge_methods_supported": None},
    "plain alone": {"code_challenge_methods_supported": ["plain"]},
    "no grant of codes": {"grant_types_supported": ["client_credentials"]},
    "unsigned assertions": {"token_endpoint_auth_signing_alg_values_supported": ["none"]},
    "a flag that is a text": {"authorization_response_iss_parameter_supported": "true"},
    "a registration that is not there": {"registration_endpoint": "{origin}/registration"},
    "an authorization that is not there": {"authorization_endpoint": "{origin}/oauth"},
    "no key set": {"jwks_uri": "{origin}/jwks"},
}


@pytest.mark.parametrize("told", RESOURCES.values(), ids=RESOURCES)
def test_a_resource_that_tells_otherwise_fails(tmp_path: Path, told: dict[str, Any]) -> None:
    assert verdict(tmp_path, bent(resource=told)) == "fail"


@pytest.mark.parametrize("told", SERVERS.values(), ids=SERVERS)
def test_a_server_that_tells_otherwise_fails(tmp_path: Path, told: dict[str, Any]) -> None:
    assert verdict(tmp_path, bent(server=told)) == "fail"


class Typeless(Authorizing):
    """Says of its metadata that they are a page."""

    def publish(self, document: dict[str, Any]) -> None:
        """Send them as HTML."""
        data = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Nowhere(Authorizing):
    """Names an authorization server that says nothing of itself."""

    def documents(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """Publish the resource's alone."""
        return {f"{RESOURCE}/mcp": self.resource}


class TwoTruths(Authorizing):
    """Has another authorization server for clients that come by the challenge."""

    def challenge(self) -> str:
        """Name another document."""
        return f'Bearer resource_metadata="{self.origin}/told"'

    def documents(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """Publish one more."""
        other = super().resource() | {"authorization_servers": [f"{self.origin}/other"]}
        return {**super().documents(), "/told": lambda: other}


def inactive(method: str, sent: bytes) -> tuple[int, Any]:
    del method, sent
    return 200, {"active": False}


def secret_keys(method: str, sent: bytes) -> tuple[int, Any]:
    del method, sent
    return 200, {"keys": [{"kty": "oct", "kid": "one", "k": "c2VjcmV0"}]}


class TellsOfTokens(Authorizing):
    """Answers whoever asks whether a token is good."""

    def endpoints(self) -> dict[str, Callable[[str, bytes], tuple[int, Any]]]:
        """Take everybody for a client."""
        return super().endpoints() | {"/introspect": inactive}


class PrivateKeys(Authorizing):
    """Publishes what it signs with."""

    def endpoints(self) -> dict[str, Callable[[str, bytes], tuple[int, Any]]]:
        """Publish a secret key."""
        return super().endpoints() | {"/keys": secret_keys}


@pytest.mark.parametrize("handler", [Typeless, Nowhere, TwoTruths, TellsOfTokens, PrivateKeys])
def test_a_mistake_beside_the_entries_fails(tmp_path: Path, handler: type[Good]) -> None:
    assert verdict(tmp_path, handler) == "fail"


class Published(Authorizing):
    """Is known by another name, behind what publishes it."""

    def resource(self) -> dict[str, Any]:
        """Tell the name."""
        return super().resource() | {"resource": "https://notes.example/mcp"}


def test_a_name_of_its_own_is_asked_for_and_then_taken(tmp_path: Path) -> None:
    found = judged(tmp_path, Published)
    assert found.verdicts == {"OAUTH-01": "inconclusive"}
    assert "[authorization] resource" in str(found.lines)
    profile = '[target]\nurl = "http://127.0.0.1/"\n[authorization]\nresource = "https://notes.example/mcp"'
    other = tmp_path / "again"
    other.mkdir()
    assert verdict(other, Published, profile=profile) == "pass"
