"""Which agents are scanners'."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

from reference_server.scanner.tables import ANONYMOUS, BROWSERS, CLIENTS, TOOLS, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NO_AGENT = "-"
"""Among the agents that are allowed: a request that names none."""
LONGEST = 1024
"""Characters of an agent that are looked at."""
_DIGITS = 6
"""Of a version; no browser has that many."""


class ScannerAgents:
    """Knows scanners by what they call themselves, and by what they leave out.

    ``allowed`` are agents that pass whatever the rest says: texts, in which ``*`` stands for
    anything. ``shortest`` is in characters, ``oldest`` the first version of a browser that passes.
    """

    def __init__(
        self,
        tools: Iterable[str] = TOOLS,
        allowed: Sequence[str] = (),
        *,
        shortest: int,
        oldest: int,
        clients: Mapping[str, int] = CLIENTS,
        browsers: Iterable[str] = BROWSERS,
    ) -> None:
        begun = [re.escape(tool.lower()) for tool in tools]
        whole = [rf"{re.escape(word)}(?![a-z])" for word in WORDS]
        self._tools = re.compile(rf"(?<![a-z0-9])(?:{'|'.join((*begun, *whole))})")
        self._allowed = re.compile("|".join(map(translate, allowed)) or r"(?!)")
        self._allows_none = NO_AGENT in allowed
        self._shortest, self._oldest, self._clients = shortest, oldest, clients
        self._browser = re.compile(rf"(?:{'|'.join(browsers)})/(\d{{1,{_DIGITS}}})")

    def refuses(self, agents: Sequence[str]) -> bool:
        """Tell whether any value of User-Agent is a scanner's, or there is none at all."""
        named = [agent.strip() for agent in agents if agent.strip()]
        if not named:
            return not self._allows_none
        return any(map(self._is_scanner, named))

    def _is_scanner(self, agent: str) -> bool:
        agent = agent[:LONGEST]
        if self._allowed.fullmatch(agent):
            return False
        plain = agent.lower()
        return (
            len(plain) < self._shortest
            or plain == ANONYMOUS
            or self._tools.search(plain) is not None
            or self._is_generic(plain)
            or self._is_outdated(plain)
        )

    def _is_generic(self, agent: str) -> bool:
        """Tell whether a library speaks for itself: whoever uses it well adds a name."""
        return any(name in agent and len(agent) < length for name, length in self._clients.items())

    def _is_outdated(self, agent: str) -> bool:
        return any(int(version) < self._oldest for version in self._browser.findall(agent))
