"""Signed tokens (RFC 7515, compact form): what one looks like, and what stands in it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, cast

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{16,})")


def encoded(data: bytes) -> str:
    """Return bytes as base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Return what base64url without padding holds. Raises ValueError for what it cannot be."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def is_token(credential: str) -> bool:
    """Tell whether a credential is a signed JWT: three parts, the first two of them JSON objects.

    An encrypted one has five parts, and is opaque to its holder.
    """
    found = _COMPACT.fullmatch(credential)
    return found is not None and "alg" in part_of(found[1]) and bool(part_of(found[2]))


def part_of(text: str) -> dict[str, Any]:
    """Return the JSON object that a part of a token encodes; empty where it is none."""
    try:
        found: Any = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
