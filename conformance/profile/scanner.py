"""The profile's entries of scanner triage: how scanners are refused, and what is told of it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.profile.events import Vocabulary, Words
from conformance.profile.fields import Named, Place
from conformance.profile.sections import OwnPath, Section


class Signals(Vocabulary):
    """The words for what gave a scanner away: its path, its agent, or its pace."""

    path: Words = ("path",)
    agent: Words = ("agent",)
    velocity: Words = ("velocity",)


class Told(Named):
    """Fields of a denial, in the log's line and in the trail's row; false where there is none.

    In a row they are columns, or stand in [fields.trail] metadata. ``velocity`` is a number.
    """

    path: Place = "path"
    agent: Place = "user_agent"
    velocity: Place = "velocity"
    check: Place = "check"


class Scanner(Section):
    """How what looks like a mass scanner's request is refused.

    By ``status``, with a JSON body that holds ``body`` at least. ``requests`` are how many of one
    address may show no credential in ``window_seconds``, refused ones among them, before it is
    refused whatever it asks.
    ``allowed_agents`` are values of User-Agent that pass though they look like a scanner's,
    ``own_paths`` such paths that the target has itself. Agents shorter than ``shortest_agent``
    characters are refused, and Chrome and Firefox below version ``oldest_browser``.
    """

    status: int = Field(ge=300, le=599)
    body: dict[str, Any] | None = None
    requests: int | None = Field(default=None, gt=0, le=1000)
    window_seconds: int = Field(default=60, gt=0)
    allowed_agents: tuple[str, ...] = ()
    own_paths: tuple[OwnPath, ...] = ()
    shortest_agent: int = Field(default=10, gt=0, le=200)
    oldest_browser: int = Field(default=120, gt=0)
    told: Told = Told()
    signals: Signals = Signals()
