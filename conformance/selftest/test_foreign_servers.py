"""Servers on other SDKs, from their registries' packages: nothing is held against them wrongly.

What fails is what a person has confirmed; ``reports/examples`` has the reasoning. PyPI and npm must
be within reach the first time: where they are not, the judge ends with a sentence that says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.selftest.judging import ROOT, judge

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.interop

SECONDS = 900
"""For one judgement, its first installation included, on a machine that has much else to do."""
AREAS = "--area=AUTH,BLOCK,CHAIN,JWT,MCP,OPS,RATE,RLS"
"""What needs nothing but HTTP and keys; TIME has a test of its own, which accuses nobody."""
ALWAYS_PASS = {"AUTH-01", "AUTH-04", "AUTH-05", "AUTH-06", "AUTH-08", "AUTH-10", "AUTH-12"} | {
    *("AUTH-16", "MCP-01", "MCP-03", "MCP-11", "MCP-12", "MCP-15", "RLS-08")
}
CONFIRMED = {
    "python-sdk": {"AUTH-09", "OPS-02"},
    "fastmcp": {"AUTH-09", "MCP-05", "MCP-10", "OPS-02"},
    "fastmcp-rs256": {"AUTH-09", "JWT-04", "MCP-10", "OPS-02"},
    "fastmcp-hs256": {"AUTH-09", "JWT-04", "MCP-10", "OPS-02"},
    "simple-auth": {"AUTH-09", "OPS-02"},
    "typescript-jwt": {"AUTH-02", "AUTH-03", "AUTH-09", "JWT-03", "JWT-04", "MCP-04", "OPS-02"},
    "typescript-sdk": {"AUTH-02", "AUTH-03", "AUTH-07", "AUTH-09", "MCP-04", "MCP-05", "OPS-02"},
}
ON_ONE_LOOP = ("python-sdk", "simple-auth", "fastmcp", "fastmcp-rs256", "fastmcp-hs256")
BY_THE_MACHINE = {name: {"MCP-30"} for name in ON_ONE_LOOP}
"""Confirmed on a machine that is slow or busy: a message of 4 MB is read and validated on the event
loop, which takes 0.2 to 0.8 seconds of a core that has nothing else to do.
"""
OF_TOKENS = {"fastmcp-rs256", "fastmcp-hs256", "typescript-jwt"}
"""Those whose tokens are signed: they are forged, and cannot be revoked."""
PAGES = {"fastmcp-rs256": "fastmcp-jwt", "fastmcp-hs256": "fastmcp-jwt"} | {
    "fastmcp-issuer": "fastmcp-jwt",
    "typescript-issuer": "typescript-jwt",
}
"""Those that are explained on another page than one of their own name."""
AT_THE_EDGE = {
    "python-sdk": {"TIME-03"},
    "simple-auth": {"TIME-01", "TIME-03"},
    "fastmcp-hs256": {"TIME-07"},
}
"""An expired token takes the SDK up to 26 µs more, about the tolerance, and so does a forged one
FastMCP, compared with text that is no token (advice): either verdict is true. That nobody is asked
about a token that is missing saves half a millisecond where others are introspected (advice).
"""
BODY_UNNAMED = {"fastmcp", "fastmcp-rs256", "fastmcp-hs256"}
"""Those whose refusals have no body to hold them to, so that AUTH-01 is not seen in full."""

ARGUMENTS_UNNAMED = {"simple-auth"} | OF_TOKENS
"""Those without a tool that takes arguments of which some are wrong."""

OF_ISSUERS = {"fastmcp-issuer": {"OAUTH-18", "OAUTH-21"}, "typescript-issuer": set[str]()}
"""Those that take access tokens of the judge's issuer, and what fails of that."""


@pytest.mark.parametrize("server", list(OF_ISSUERS))
def test_what_takes_an_issuers_tokens_fails_what_was_confirmed(tmp_path: Path, server: str) -> None:
    profile = f"--profile={ROOT}/fixtures/targets/{server}.toml"
    found = judge(tmp_path, profile, "--requirement=OAUTH-18,OAUTH-21", seconds=SECONDS)
    wanted = {"OAUTH-18": "pass", "OAUTH-21": "pass"} | dict.fromkeys(OF_ISSUERS[server], "fail")
    assert found.verdicts == wanted, found.output[-3000:]
    assert "Traceback" not in found.output


@pytest.mark.parametrize("server", list(CONFIRMED))
def test_a_foreign_server_fails_what_was_confirmed_and_nothing_else(
    tmp_path: Path, server: str
) -> None:
    profile = f"--profile={ROOT}/fixtures/targets/{server}.toml"
    found = judge(tmp_path, profile, AREAS, seconds=SECONDS)
    by_verdict: dict[str, set[str]] = {"pass": set(), "fail": set(), "inconclusive": set()}
    for name, verdict in found.verdicts.items():
        by_verdict.setdefault(verdict, set()).add(name)
    failed = by_verdict["fail"] - BY_THE_MACHINE.get(server, set())
    assert failed == CONFIRMED[server], found.output[-3000:]
    assert by_verdict["inconclusive"] == set(), found.output[-3000:]
    wanted = ALWAYS_PASS - ({"AUTH-01"} if server in BODY_UNNAMED else set())
    wanted -= {"MCP-03"} if server in ARGUMENTS_UNNAMED else set()
    if server in OF_TOKENS:
        wanted = (wanted - {"AUTH-06"}) | ({"JWT-01", "JWT-02", "JWT-03"} - CONFIRMED[server])
    else:
        judged = {name for name in found.verdicts if name.startswith(("JWT", "CHAIN"))}
        assert judged <= by_verdict["not assessed"], "opaque tokens were taken for signed ones"
    assert wanted <= by_verdict["pass"]
    limits = {name for name in found.verdicts if name.startswith(("BLOCK", "RATE"))} - {"RATE-12"}
    assert limits <= by_verdict["not assessed"], "limits that do not exist were judged"
    assert found.code == (1 if found.violations else 0), "advice alone fails no run"
    assert "Traceback" not in found.output


@pytest.mark.parametrize("server", list(CONFIRMED))
def test_the_clock_accuses_no_foreign_server(tmp_path: Path, server: str) -> None:
    """Where refusals look different nobody needs a clock; what looks alike takes the same time."""
    profile = f"--profile={ROOT}/fixtures/targets/{server}.toml"
    found = judge(tmp_path, profile, "--area=TIME", seconds=SECONDS)
    failed = {name for name, verdict in found.verdicts.items() if verdict == "fail"}
    assert failed <= AT_THE_EDGE.get(server, set()), found.output[-3000:]
    assert found.verdicts["TIME-05"] == "not assessed"
    for line in found.lines:
        if line.get("verdict") == "inconclusive":
            assert "undecided" in str(line["reason"])


def test_every_confirmed_failure_is_explained() -> None:
    """A reader of the example finds each failure's reason under the requirement's id."""
    for server, confirmed in (CONFIRMED | OF_ISSUERS).items():
        failures = confirmed | BY_THE_MACHINE.get(server, set())
        page = PAGES.get(server, server)
        text = (ROOT / "reports" / "examples" / f"{page}.md").read_text("utf-8")
        missing = {name for name in failures if f"### {name}" not in text}
        assert not missing, server
