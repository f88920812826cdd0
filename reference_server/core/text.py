"""Text that a database can hold, and text that a URL or a header can."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any, cast

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""What a variable may be called: a name that every shell takes (POSIX, XBD section 8.1)."""

_STEERING = re.compile(
    r"(?:LD|DYLD|PYTHON|NODE|HALLMARK|SYSTEMPROMPT|GIT|SSL|REQUESTS|CURL)_.*|.*_PROXY"
    r"|PATH|HOME|SHELL|IFS|ENV|BASH_ENV|PYTHON(?:PATH|HOME|STARTUP)"
)


def is_steering(name: str) -> bool:
    """Tell whether a variable of this name steers a program, so that it can be no secret of one."""
    return _STEERING.fullmatch(name.upper()) is not None


def clean_text(text: str) -> str:
    """Return the text without what PostgreSQL cannot store: NUL and lone surrogates."""
    # Replaced, not removed: what stood apart must not join to a word nobody looked for.
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def base64url(data: bytes) -> str:
    """Return bytes as base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def challenge_of(verifier: str) -> str:
    """Return the S256 code challenge of a verifier (RFC 7636 section 4.2)."""
    return base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def json_object(document: str | bytes) -> dict[str, Any] | None:
    """Return the object that a JSON text is; None for any other text, however deep it goes."""
    try:
        found: Any = json.loads(document)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None
