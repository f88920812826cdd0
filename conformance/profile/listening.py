"""Sections of a profile that tell where the judge listens for what a target calls."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from conformance.profile.sections import Section, several


def _is_special(address: str) -> str:
    try:
        found = ipaddress.IPv4Address(address)
    except ValueError:
        raise ValueError(f"{address!r} is no IPv4 address of this machine") from None
    if found.is_global:
        raise ValueError(f"{address} is a public address, which a target may call; name a private")
    return address


def _is_origin(origin: str) -> str:
    parts = urlsplit(origin)
    if not parts.scheme:
        return origin  # what will come from a state file stands there as its own name
    is_one = parts.scheme == "http" and parts.port and not (parts.path or parts.query)
    if not is_one:
        raise ValueError(f"{origin!r} is none; write http://ADDRESS:PORT, of this machine")
    return origin


Origin = Annotated[str, AfterValidator(_is_origin)]
"""An origin of this machine at which the judge answers a target."""


class Listener(Section):
    """Where the judge listens for what the target must not call, instead of on loopback.

    ``address`` is one of this machine that the target can reach, and not a public one.
    """

    address: Annotated[str, AfterValidator(_is_special)] = "127.0.0.1"


class FetchingTool(Section):
    """A tool that fetches a URL which its caller gives in ``argument``, once for each such tool.

    ``origin`` is one of this machine that the target was told it may fetch from: the judge answers
    there, and sends whoever asks on to where the target may not go. An empty one is none.
    """

    name: str
    argument: str = "url"
    arguments: dict[str, Any] = Field(default_factory=dict[str, Any])
    origin: Origin | None = None


FetchingTools = Annotated[
    tuple[FetchingTool, ...],
    BeforeValidator(several, json_schema_input_type=FetchingTool | tuple[FetchingTool, ...]),
]
"""`[tools.fetching]`, or `[[tools.fetching]]` once for each tool."""
