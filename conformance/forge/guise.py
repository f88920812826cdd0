"""Who the judge says it is: openly itself, or a client like any other.

A server that is honest to its judge alone must not know when it is judged. So whatever would tell
that is asked for here, at the moment it is sent.
"""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from conformance import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

_LETTER = re.compile(r"[a-z]|[A-Z]")


@dataclass(frozen=True)
class Guise:
    """How the judge introduces itself, and whether it writes words that are known to be its own."""

    agent: str
    client: Mapping[str, str]
    encodings: str
    is_disguise: bool


OPEN = Guise(
    agent=f"Hallmark/{__version__} (MCP security conformance)",
    client={"name": "hallmark", "version": __version__},
    encodings="identity",
    is_disguise=False,
)
NEUTRAL = Guise(
    agent=f"python-httpx/{version('httpx')}",
    client={"name": "mcp", "version": "0.1.0"},
    encodings="gzip, deflate",
    is_disguise=True,
)
"""What the official Python SDK sends where its user names no client."""


class _Worn:
    """The guise of this process. A run has one, which its workers put on as well."""

    guise = OPEN


def put_on(guise: Guise) -> None:
    """Be this client from now on, in this process."""
    _Worn.guise = guise


def current() -> Guise:
    """Return the guise of this process."""
    return _Worn.guise


def in_guise(text: str) -> str:
    """Return text of the judge's own as it may be sent: in disguise, every letter is drawn.

    Its length, its case and whatever is no letter stay, and with them what it is good for. Each
    call draws anew.
    """
    return _LETTER.sub(_drawn, text) if current().is_disguise else text


def own_word() -> str:
    """Return a word that the judge has not sent before, and that nobody else has."""
    return in_guise(f"hallmark-{secrets.token_hex(4)}")


def _drawn(letter: re.Match[str]) -> str:
    letters = string.ascii_lowercase if letter[0].islower() else string.ascii_uppercase
    return secrets.choice(letters)
