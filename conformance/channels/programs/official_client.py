"""The official Python client, in a process of its own: the judge itself knows no `mcp`."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire

PROGRAM = Path(__file__).parents[3] / "fixtures" / "clients" / "official_python.py"
SECONDS = 20
"""How long a whole conversation may take."""
_REQUESTS = 8
"""At most, beside the calls of tools: a probe, three to open, one to list, a stream, one to end."""
_START_SECONDS = 20
"""How long the process may take besides, to start and to end."""


@dataclass(frozen=True)
class Conversation:
    """What the client told of one conversation; ``done`` is the last step that was completed."""

    client: str
    done: str
    error: str | None
    tools: tuple[str, ...]
    results: dict[str, dict[str, Any]] = field(repr=False)
    statuses: tuple[tuple[str, int], ...]


def converse(wire: Wire, key: str, mode: str, tools: tuple[str, ...]) -> Conversation:
    """Let the client connect, list what is announced, call some tools, and take leave.

    Raises NotEstablishedError where the client could not even be run: that is our side.
    """
    wire.charge(key, _REQUESTS + len(tools))
    told = {
        "url": urljoin(wire.target.url, wire.path_of(key)),
        "header": wire.key_header(key),
        "mode": mode,
        "listing": wire.listing,
        "tools": tools,
        "seconds": SECONDS,
        "ca_bundle": wire.target.target.ca_bundle,
    }
    try:
        done = subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, str(PROGRAM)],
            input=json.dumps(told).encode(),
            capture_output=True,
            timeout=SECONDS + _START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotEstablishedError("the official client's process did not end in time") from error
    found = _read(done)
    statuses = tuple((str(method), int(status)) for method, status in found["statuses"])
    wire.charge(key, max(0, len(statuses) - _REQUESTS - len(tools)))  # a list may have many pages
    return Conversation(
        client=found["client"],
        done=found["done"],
        error=found["error"],
        tools=tuple(found["tools"]),
        results=found["results"],
        statuses=statuses,
    )


def _read(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        last = words[-1] if words else "no word"
        raise NotEstablishedError(f"the official client could not be run: {last}") from error
