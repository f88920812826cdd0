"""Triage is judged by what the target says of it, whatever it is made of."""

from __future__ import annotations

import re
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote

import pytest

from conformance.forge.scanners import clients, is_allowed, probes, scanning_agents
from conformance.profile.scanner import Scanner
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED = ("node", "undici", "Bun/*", "Go-http-client/*", "Site24x7")
DECLARED = f"""
{PROFILE}
[limits]
auth_failures = 0
[scanner]
status = 403
requests = 30
allowed_agents = {list(ALLOWED)}
"""
ALL = "SCAN-01,SCAN-02,SCAN-03,SCAN-05"
ENDINGS = re.compile(r"\.(php|env|git|sql|bak|old|zip|gz|db|config|cgi|htm)(?![a-z])")
PIECES = re.compile(
    r"/admin|/wp-|/uploads|/cgi-bin|/phpmyadmin|/xmlrpc|/luci|/ssi\.cgi|internal_forms_auth"
    r"|/identity|/login\.htm|/manager/html|/config/"
)
TOOLS = re.compile(r"masscan|nmap|nikto|sqlmap|acunetix|nessus|openvas|w3af|metasploit|burpsuite")
MORE_TOOLS = re.compile(r"\bzap\b|zgrab|censys|shodan")
GENERIC = re.compile(r"(curl|wget|python-requests|go-http-client|ruby)[^ ]*")
VERSION = re.compile(r"(?:chrome|firefox)/(\d+)")
OLDEST, SHORTEST, MOST = 120, 10, 30


class Triaged(Good):
    """Refuses scanners in words of its own, before anything else."""

    words: ClassVar[bytes] = b"go away"
    counts: ClassVar[Counter[str]] = Counter()

    def answer(self) -> None:
        """Look at the request first."""
        if self.is_scanners():
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(HTTPStatus.FORBIDDEN)
            self.send_header("Content-Length", str(len(self.words)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(self.words)
        else:
            super().answer()

    def is_scanners(self) -> bool:
        """Tell whether any of the three signals fires."""
        path = self.path.partition("?")[0]
        is_hasty = False
        if "X-Api-Key" not in self.headers and not path.startswith("/.well-known"):
            self.counts[self.client_address[0]] += 1
            is_hasty = self.counts[self.client_address[0]] > MOST
        return self.is_probe(path) or self.is_tool() or is_hasty

    def is_probe(self, path: str) -> bool:
        """Tell whether the path, as anybody might read it, is one of a table."""
        for _ in range(4):
            path = unquote(path)
        path = re.sub(r";[^/]*|\0.*", "", path.replace("\\", "/").lower())
        path = re.sub(r"/(\.?/)+", "/", path)
        return bool(ENDINGS.search(path) or PIECES.search(path))

    def is_tool(self) -> bool:
        """Tell whether the agent is a scanner's."""
        agent = (self.headers.get("User-Agent") or "").strip()
        if not agent:
            return not self.path.startswith("/.well-known")
        return not is_allowed(agent, Scanner(status=403, allowed_agents=ALLOWED)) and self.is_bad(
            agent.lower()
        )

    def is_bad(self, agent: str) -> bool:
        """Tell whether an agent that nobody allows for is a scanner's."""
        return bool(
            len(agent) < SHORTEST
            or agent == "mozilla/5.0"
            or TOOLS.search(agent)
            or MORE_TOOLS.search(agent)
            or GENERIC.fullmatch(agent)
            or any(self.is_old(version) for version in VERSION.findall(agent))
        )

    def is_old(self, version: str) -> bool:
        """Tell whether a browser is too old."""
        return int(version) < OLDEST

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer
    do_OPTIONS = answer


class ReadsOnce(Triaged):
    """Believes that a path comes as it is meant."""

    def is_probe(self, path: str) -> bool:
        """Look at the path in the request's line."""
        return bool(ENDINGS.search(path) or PIECES.search(path))


class ComparesText(Triaged):
    """Compares versions as texts."""

    def is_old(self, version: str) -> bool:
        """Tell whether a text comes before another."""
        return version < str(OLDEST)


class Patient(Triaged):
    """Counts nothing."""

    counts: ClassVar[Counter[str]] = Counter()

    def is_scanners(self) -> bool:
        """Tell whether path or agent fires."""
        return self.is_probe(self.path.partition("?")[0]) or self.is_tool()


class LooksAtGets(Triaged):
    """Believes that scanners read."""

    def is_scanners(self) -> bool:
        """Look at reads alone."""
        return self.command == "GET" and super().is_scanners()


class WantsBrowsers(Triaged):
    """Lets in who says Mozilla."""

    def is_bad(self, agent: str) -> bool:
        """Refuse what is no browser."""
        is_judge = agent.startswith("hallmark")
        return super().is_bad(agent) or not (is_judge or agent.startswith("mozilla"))


class RefusesAll(Triaged):
    """Answers everybody but who has a right key at the endpoint by 403."""

    def refuse(self) -> None:
        """Refuse strangers in the same words."""
        self.send_response(HTTPStatus.FORBIDDEN)
        self.send_header("Content-Length", "0")
        self.end_headers()


class BlocksFirst(Triaged):
    """Shuts an address at its tenth request, in other words."""

    counts: ClassVar[Counter[str]] = Counter()

    def is_scanners(self) -> bool:
        """Count for the block alone."""
        self.counts[self.client_address[0]] += 1
        return self.is_probe(self.path.partition("?")[0]) or self.is_tool()

    def tenant(self) -> str | None:
        """Know nobody at an address that is shut."""
        return None if self.counts[self.client_address[0]] > MOST else super().tenant()


@pytest.mark.parametrize(
    ("server", "fails"),
    [
        (Triaged, ""),
        (ReadsOnce, "SCAN-01"),
        (ComparesText, "SCAN-02"),
        (Patient, "SCAN-03"),
        (LooksAtGets, "SCAN-01 SCAN-02"),
        (WantsBrowsers, "SCAN-05"),
    ],
)
def test_triage_of_another_make_fails_where_it_is_wrong(
    tmp_path: Path, server: type[Good], fails: str
) -> None:
    with serving(server) as url:
        found = judge(tmp_path, f"--target={url}", f"--requirement={ALL}", profile=DECLARED)
    wanted = {name: "fail" if name in fails.split() else "pass" for name in ALL.split(",")}
    assert found.verdicts == wanted, found.output


def test_who_says_nothing_of_triage_is_not_judged(tmp_path: Path) -> None:
    with serving(Good) as url:
        found = judge(tmp_path, f"--target={url}", f"--requirement={ALL}", profile=PROFILE)
    assert set(found.verdicts.values()) == {"not assessed"}, found.output
    assert "[scanner] status" in found.output


def test_a_refusal_that_everybody_gets_tells_nothing_of_paths(tmp_path: Path) -> None:
    with serving(RefusesAll) as url:
        words = (f"--target={url}", "--requirement=SCAN-01")
        found = judge(tmp_path, *words, profile=DECLARED)
    assert found.verdicts == {"SCAN-01": "inconclusive"}, found.output
    assert "declare [scanner] body" in found.output


def test_a_block_that_comes_first_accuses_nobody_of_a_pace(tmp_path: Path) -> None:
    with serving(BlocksFirst) as url:
        words = (f"--target={url}", "--requirement=SCAN-03")
        found = judge(tmp_path, *words, profile=DECLARED)
    assert found.verdicts == {"SCAN-03": "inconclusive"}, found.output


def test_the_corpora_are_as_large_as_their_sources() -> None:
    kinds = Counter(one.kind for one in probes(Scanner(status=403)))
    assert (kinds["an extension"], kinds["a path"]) == (12, 18)
    assert len({one.agent for one in clients()}) == len(clients()) >= 60


def test_what_the_profile_lets_pass_is_not_asked_for() -> None:
    told = Scanner(status=403, allowed_agents=("-", "curl/*"), own_paths=("/admin", "/config"))
    assert {"/admin", "/config/"}.isdisjoint(one.path for one in probes(told))
    agents = {one.agent for one in scanning_agents(told)}
    assert agents.isdisjoint({None, "", "curl/8.9.1"})


def test_thresholds_of_the_profile_are_filled_in() -> None:
    agents = scanning_agents(Scanner(status=403, shortest_agent=5, oldest_browser=90))
    told = [one.agent or "" for one in agents]
    assert "xxxx" in told
    assert any("Chrome/89.0" in agent for agent in told)
    assert not any("Chrome/99" in agent for agent in told)


def test_no_client_is_a_scanner_in_the_other_corpus() -> None:
    told = Scanner(status=403, allowed_agents=ALLOWED)
    assert {one.agent for one in clients()}.isdisjoint(one.agent for one in scanning_agents(told))
