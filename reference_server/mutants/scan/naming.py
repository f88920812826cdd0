"""Defects of what is taken for a scanner by its agent, in either direction."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from reference_server.core.settings import USUAL_AGENTS
from reference_server.mutants.bending import header, mutant, replaced, with_stage
from reference_server.parts import with_parts
from reference_server.protocol.gate import MCP_PATH
from reference_server.scanner.agents import ScannerAgents
from reference_server.scanner.paths import ProbePaths
from reference_server.scanner.tables import CLIENTS, TOOLS
from reference_server.wiring import OWN_PATHS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.mutants.bending import Stage
    from reference_server.parts import Parts

STAGE = "triage_scanner"


def _agents(kind: type[ScannerAgents] = ScannerAgents, **changes: Any) -> Callable[[Parts], Parts]:
    usual: dict[str, Any] = {"allowed": USUAL_AGENTS, "shortest": 10, "oldest": 120}
    table = kind(**{**usual, **changes})
    return replaced({"scanner.agents": lambda _: table})


class _NoneNeeded(ScannerAgents):
    """Looks at agents where there are any."""

    def refuses(self, agents: Sequence[str]) -> bool:
        return any(agent.strip() for agent in agents) and super().refuses(agents)


class _BareBrowser(ScannerAgents):
    """Takes all that says Mozilla for a browser."""

    def refuses(self, agents: Sequence[str]) -> bool:
        return list(agents) != ["Mozilla/5.0"] and super().refuses(agents)


class _AsText(ScannerAgents):
    """Compares versions as texts, by which 99 is more than 120."""

    def refuses(self, agents: Sequence[str]) -> bool:
        versions = [str(version) for agent in agents for version in _versions(agent)]
        if versions and all(version >= "120" for version in versions):
            return False
        return super().refuses(agents)


class _CaseSensitive(ScannerAgents):
    """Knows tools in the letters of its table."""

    def refuses(self, agents: Sequence[str]) -> bool:
        return not any("SQLMAP" in agent for agent in agents) and super().refuses(agents)


class _Zapped(ScannerAgents):
    """Finds the name of a tool anywhere in a word."""

    def refuses(self, agents: Sequence[str]) -> bool:
        return any("zap" in agent.lower() for agent in agents) or super().refuses(agents)


class _Hidden(ProbePaths):
    """Takes every hidden name for a probe."""

    def refuses(self, path: str) -> bool:
        return "/." in path or super().refuses(path)


def _versions(agent: str) -> list[int]:
    words = agent.replace("/", " ").split()
    pairs = pairwise(words)
    return [int(after.split(".")[0]) for word, after in pairs if word in {"Chrome", "Firefox"}]


def _not_at_the_endpoint(stage: Stage) -> Stage:
    def bent(context: RequestContext, parts: Parts) -> Response | None:
        return None if context.path.encode() == MCP_PATH else stage(context, parts)

    return bent


def _always_an_agent(stage: Stage) -> Stage:
    """Ask everybody for an agent, whatever they read."""

    def bent(context: RequestContext, parts: Parts) -> Response | None:
        if header(context, "user-agent") is not None or context.path == "/health":
            return stage(context, parts)
        context.path, path = "/nowhere", context.path
        try:
            return stage(context, parts)
        finally:
            context.path = path

    return bent


def _looking_old(parts: Parts) -> Parts:
    return with_parts(
        parts,
        {"scanner.agents": ScannerAgents(allowed=USUAL_AGENTS, shortest=10, oldest=140)},
    )


MUTANTS = (
    mutant("tools-untabled", "SCAN-02", "No tool is known by name.", parts=_agents(tools=("x9x",))),
    mutant(
        "one-tool-less",
        "SCAN-02",
        "The table of tools lacks w3af.",
        parts=_agents(tools=tuple(tool for tool in TOOLS if tool != "w3af")),
    ),
    mutant(
        "tools-by-case",
        "SCAN-02",
        "A tool in capital letters is not known.",
        parts=_agents(_CaseSensitive),
    ),
    mutant(
        "agent-not-needed",
        "SCAN-02",
        "A request without an agent passes.",
        parts=_agents(_NoneNeeded),
    ),
    mutant("agent-of-any-length", "SCAN-02", "A short agent passes.", parts=_agents(shortest=1)),
    mutant("bare-browser", "SCAN-02", "A bare Mozilla/5.0 passes.", parts=_agents(_BareBrowser)),
    mutant("old-browsers", "SCAN-02", "Browsers of any version pass.", parts=_agents(oldest=0)),
    mutant(
        "one-version-off", "SCAN-02", "Version 119 of a browser passes.", parts=_agents(oldest=119)
    ),
    mutant(
        "old-firefox",
        "SCAN-02",
        "Of browsers only Chrome is looked at.",
        parts=_agents(browsers=("chrome",)),
    ),
    mutant(
        "versions-as-text",
        "SCAN-02",
        "Versions are compared as texts: 99 is more than 120.",
        parts=_agents(_AsText),
    ),
    mutant(
        "generic-clients",
        "SCAN-02",
        "No generic client is known by its length.",
        parts=_agents(clients={}),
    ),
    mutant(
        "python-requests-passes",
        "SCAN-02",
        "Of generic clients one is forgotten.",
        parts=_agents(clients={name: n for name, n in CLIENTS.items() if name[0] != "p"}),
    ),
    mutant(
        "endpoint-without-triage",
        "SCAN-02",
        "The MCP endpoint is left out of triage.",
        parts=with_stage(STAGE, _not_at_the_endpoint),
    ),
    mutant(
        "official-client-refused",
        "SCAN-05",
        "No agent is allowed by name, so that the official TypeScript client is too short.",
        parts=_agents(allowed=("Go-http-client/*",)),
    ),
    mutant(
        "zap-in-zapier",
        "SCAN-05",
        "The name of a tool is found inside of other names.",
        parts=_agents(_Zapped),
    ),
    mutant(
        "last-years-browsers",
        "SCAN-05",
        "Browsers of last year are taken for scanners.",
        parts=_looking_old,
    ),
    mutant(
        "agents-of-twenty",
        "SCAN-05",
        "Agents below twenty characters are refused.",
        parts=_agents(shortest=20),
    ),
    mutant(
        "well-known-refused",
        "SCAN-05",
        "Every hidden name in a path is a probe, /.well-known among them.",
        parts=replaced({"scanner.paths": lambda _: _Hidden(own=OWN_PATHS)}),
    ),
    mutant(
        "well-known-by-agent",
        "SCAN-05",
        "Documents for clients that cannot sign in yet want an agent, which the official Python "
        "SDK does not send.",
        parts=with_stage(STAGE, _always_an_agent),
    ),
)
