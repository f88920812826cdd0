"""Defects of what a 401 says of how to authenticate."""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from reference_server.mutants.bending import mutant
from reference_server.mutants.benign.edge import rewritten
from reference_server.web.oauth_paths import RESOURCE_METADATA

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import Reply
    from reference_server.parts import Parts

FIELD = b"www-authenticate"
_BEARER = b'Bearer realm="mcp"'
_INVALID = b', error="invalid_token"'
_METADATA = re.compile(rb', resource_metadata="[^"]*"')


def challenged(
    change: Callable[[bytes], bytes], status: int = HTTPStatus.UNAUTHORIZED
) -> Callable[[Parts], Parts]:
    """Return a change of parts that changes the challenge of a status."""

    def rewrite(reply: Reply) -> Reply:
        field = reply.field(FIELD)
        return reply.with_field(FIELD, change(field)) if field and reply.status == status else reply

    return rewritten(rewrite)


def without_metadata(field: bytes) -> bytes:
    """Return a challenge that leads nowhere."""
    return _METADATA.sub(b"", field)


def _always_invalid(field: bytes) -> bytes:
    return field if _INVALID in field else field.replace(_BEARER, _BEARER + _INVALID)


def _without_a_document(reply: Reply) -> Reply:
    """Have nothing where the challenge leads."""
    if reply.scope["path"] != f"{RESOURCE_METADATA}/mcp":
        return reply
    return replace(reply, status=404, body=b'{"error":"not_found"}')


MUTANTS = (
    mutant(
        "challenge-without-metadata",
        "AUTH-16",
        "A 401 does not lead to the metadata, which clients have to find by themselves.",
        parts=challenged(without_metadata),
    ),
    mutant(
        "challenge-leads-nowhere",
        "AUTH-16",
        "The challenge of a 401 leads to a document that is not there.",
        parts=rewritten(_without_a_document),
    ),
    mutant(
        "challenge-of-no-token",
        "AUTH-16",
        "A 401 says that a token is invalid, also to whoever has presented none.",
        parts=challenged(_always_invalid),
    ),
    mutant(
        "challenge-without-error",
        "AUTH-16",
        "A wrong token is answered as if there were none.",
        parts=challenged(lambda field: field.replace(_INVALID, b"")),
    ),
)
