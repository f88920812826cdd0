"""Defects of what the server tells of its authorization: documents, and what is behind them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.bending import mutant
from reference_server.mutants.benign.edge import json_rewritten, rewritten
from reference_server.web.oauth_paths import RESOURCE_METADATA, SERVER_METADATA

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import Reply
    from reference_server.parts import Parts

    Entries = dict[str, Any]


_SECRET = "c2VjcmV0LW9mLWEtY2xpZW50"  # noqa: S105 -- nobody's


def _of(place: str, change: Callable[[Entries], Entries]) -> Callable[[Parts], Parts]:
    """Return a change of parts that changes the metadata at a place, and at those below it."""

    def rewrite(found: Any, reply: Reply) -> Any:
        is_there = reply.scope["path"].startswith(place) and reply.status == HTTPStatus.OK
        return change(cast("Entries", found)) if is_there else found

    return json_rewritten(rewrite)


def _resource(**more: Any) -> Callable[[Parts], Parts]:
    """Return a change of parts that has other entries in the resource's metadata."""
    return _of(RESOURCE_METADATA, lambda found: found | more)


def server_telling(**more: Any) -> Callable[[Parts], Parts]:
    """Return a change of parts that has other entries in the authorization server's metadata."""
    return _of(SERVER_METADATA, lambda found: found | more)


def lacking(place: str, *names: str) -> Callable[[Parts], Parts]:
    """Return a change of parts that leaves entries out of metadata."""
    return _of(place, lambda found: {k: v for k, v in found.items() if k not in names})


def _named_otherwise(found: Entries) -> Entries:
    return found | {"resource": f"{found['authorization_servers'][0]}/other"}


def _with_a_slash(found: Entries) -> Entries:
    return found | {"issuer": f"{found['issuer']}/"}


def _with_an_endpoint(name: str) -> Callable[[Entries], Entries]:
    return lambda found: found | {name: f"{found['issuer']}/oauth/{name}"}


def _as_a_page(reply: Reply) -> Reply:
    """Send metadata as what a browser shows."""
    if not reply.scope["path"].startswith("/.well-known/oauth-"):
        return reply
    return reply.with_field(b"content-type", b"text/html; charset=utf-8")


def _elsewhere(found: Entries) -> Entries:
    return found | {"authorization_servers": [f"{found['authorization_servers'][0]}/other"]}


def _elsewhere_at_the_root(found: Any, reply: Reply) -> Any:
    """Name another authorization server to those that do not look below the root."""
    return _elsewhere(found) if reply.scope["path"] == RESOURCE_METADATA else found


MUTANTS = (
    mutant(
        "metadata-of-another-resource",
        "OAUTH-01",
        "The metadata of the resource name another resource of the origin.",
        parts=_of(RESOURCE_METADATA, _named_otherwise),
    ),
    mutant(
        "metadata-without-servers",
        "OAUTH-01",
        "The metadata of the resource name no authorization server.",
        parts=lacking(RESOURCE_METADATA, "authorization_servers"),
    ),
    mutant(
        "metadata-by-two-ways",
        "OAUTH-01",
        "Clients that look at the root are sent to another authorization server than others.",
        parts=json_rewritten(_elsewhere_at_the_root),
    ),
    mutant(
        "metadata-with-tokens-in-urls",
        "OAUTH-01",
        "The metadata of the resource have clients send tokens in URLs.",
        parts=_resource(bearer_methods_supported=["header", "query"]),
    ),
    mutant(
        "metadata-with-a-secret",
        "OAUTH-01",
        "The metadata of the resource are its whole configuration, a client's secret among it.",
        parts=_resource(client_id="hallmark", client_secret=_SECRET),
    ),
    mutant(
        "metadata-as-pages",
        "OAUTH-01",
        "Metadata are sent as HTML.",
        parts=rewritten(_as_a_page),
    ),
    mutant(
        "issuer-with-a-slash",
        "OAUTH-01 OAUTH-15",
        "The issuer ends with a slash in its metadata, and without one wherever it is named.",
        parts=_of(SERVER_METADATA, _with_a_slash),
    ),
    mutant(
        "metadata-without-pkce",
        "OAUTH-01",
        "The authorization server does not say that it takes S256.",
        parts=lacking(SERVER_METADATA, "code_challenge_methods_supported"),
    ),
    mutant(
        "metadata-without-response-types",
        "OAUTH-01",
        "The authorization server does not say which responses it gives.",
        parts=lacking(SERVER_METADATA, "response_types_supported"),
    ),
    mutant(
        "metadata-without-codes",
        "OAUTH-01",
        "The grants that the authorization server lists lack that of codes.",
        parts=server_telling(grant_types_supported=["refresh_token"]),
    ),
    mutant(
        "metadata-with-unsigned-assertions",
        "OAUTH-01",
        "The authorization server says that it takes assertions that nobody has signed.",
        parts=server_telling(token_endpoint_auth_signing_alg_values_supported=["RS256", "none"]),
    ),
    mutant(
        "advertised-introspection-missing",
        "OAUTH-01",
        "An endpoint is advertised that the server does not have.",
        parts=_of(SERVER_METADATA, _with_an_endpoint("introspection_endpoint")),
    ),
    mutant(
        "advertised-keys-missing",
        "OAUTH-01",
        "A set of keys is advertised that the server does not have.",
        parts=_of(SERVER_METADATA, _with_an_endpoint("jwks_uri")),
    ),
    mutant(
        "metadata-with-a-text-for-a-flag",
        "OAUTH-01",
        "A flag of the metadata is the text of a truth value.",
        parts=server_telling(client_id_metadata_document_supported="true"),
    ),
)
