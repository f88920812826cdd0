"""What mass scanners ask for and call themselves, and what clients that resemble them do."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.forge.requests import Request
    from conformance.profile.scanner import Scanner

CORPUS = Path(__file__).parents[2] / "fixtures" / "corpora" / "scanner"
"""Data alone; ``ORIGINS.md`` there tells whence it is."""
PATH_KINDS = ("an extension", "a path", "another spelling")
OLD_BROWSER = "an old browser"
AGENT_KINDS = (
    "a scanner's name",
    "no agent",
    "a short agent",
    "a bare browser",
    OLD_BROWSER,
    "a generic client",
)
TOOL = "sqlmap/1.8.4#stable (https://sqlmap.org)"
"""An agent that nobody has by accident."""
CERTAIN = ("/.env", "/wp-admin", "/index.php")
"""Paths that nobody asks for by accident."""
ASKED_BY_ALL = (
    "/",
    "/favicon.ico",
    "/robots.txt",
    "/apple-touch-icon.png",
    "/healthz",
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/register",
    "/authorize",
    "/token",
)
"""Paths that browsers, monitors and MCP clients try wherever they come, and that need not be."""
_AGENT = "user-agent"
_VERSION = re.compile(r"(?:Chrome|Firefox)/(\d+)")


@dataclass(frozen=True)
class Probe:
    """A path that scanners ask for, and what gives it away."""

    kind: str
    path: str


@dataclass(frozen=True)
class Agent:
    """A value of User-Agent; None for a request that has none."""

    kind: str
    agent: str | None

    def __str__(self) -> str:
        """Tell it in a sentence."""
        return "no User-Agent" if self.agent is None else repr(self.agent)

    def sends(self, request: Request) -> Request:
        """Return a request as this agent sends it."""
        request = request.with_header("User-Agent", self.agent)
        return request if self.agent is not None else request.but(omitted=frozenset({_AGENT}))


def probes(scanner: Scanner) -> list[Probe]:
    """Return what must be refused, without what the target says to have itself."""
    found = (Probe(row["kind"], row["path"]) for row in _rows("paths"))
    return [one for one in found if not _is_own(one.path, scanner)]


def scanning_agents(scanner: Scanner) -> list[Agent]:
    """Return what must be refused by a target with these thresholds."""
    filled = {"{short}": "x" * (scanner.shortest_agent - 1), "{below}": scanner.oldest_browser - 1}
    found: list[Agent] = []
    for row in _rows("scanners"):
        agent: str | None = row["agent"]
        for name, value in filled.items():
            agent = agent and agent.replace(name, str(value))
        is_new = row["kind"] == OLD_BROWSER and _version(agent) >= scanner.oldest_browser
        if not is_new and not is_allowed(agent, scanner):
            found.append(Agent(row["kind"], agent))
    return found


def clients() -> list[Agent]:
    """Return agents of clients that no triage may refuse."""
    return [Agent(row["kind"], row["agent"]) for row in _rows("clients")]


def is_allowed(agent: str | None, scanner: Scanner) -> bool:
    """Tell whether the profile says that an agent passes, ``-`` being none; ``*`` is anything."""
    told = (agent or "").strip() or "-"
    return any(fnmatchcase(told, pattern) for pattern in scanner.allowed_agents)


def _is_own(path: str, scanner: Scanner) -> bool:
    return any(path.rstrip("/") == own.rstrip("/") for own in scanner.own_paths)


def _version(agent: str | None) -> int:
    found = _VERSION.search(agent or "")
    return int(found[1]) if found else 0


@cache
def _rows(name: str) -> list[dict[str, Any]]:
    return json.loads((CORPUS / f"{name}.json").read_text(encoding="utf-8"))
