"""Authorization servers of others, on PyPI's packages: nothing is held against them wrongly.

What fails is what a person has confirmed; ``reports/examples`` has the reasoning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.selftest.judging import ROOT, judge

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.interop

SECONDS = 600
OF_THE_SDK = {"OAUTH-02", "OAUTH-04", "OAUTH-12", "OAUTH-14", "OAUTH-15", "OAUTH-17"}
CONFIRMED = {
    "simple-auth": OF_THE_SDK,
    "authlib": OF_THE_SDK | {"OAUTH-03", "OAUTH-11"},
}
BY_CHANCE = {"authlib": {"OAUTH-19"}}
"""A race that is there, and that is not lost each time."""
PASS = {"OAUTH-01", "OAUTH-06", "OAUTH-20"}


@pytest.mark.parametrize("server", list(CONFIRMED))
def test_a_foreign_authorization_server_fails_what_was_confirmed_and_nothing_else(
    tmp_path: Path, server: str
) -> None:
    profile = f"--profile={ROOT}/fixtures/targets/{server}.toml"
    found = judge(tmp_path, profile, "--area=OAUTH", seconds=SECONDS)
    by_verdict: dict[str, set[str]] = {"pass": set(), "fail": set(), "inconclusive": set()}
    for name, verdict in found.verdicts.items():
        by_verdict.setdefault(verdict, set()).add(name)
    assert by_verdict["fail"] - BY_CHANCE.get(server, set()) == CONFIRMED[server], found.output
    assert by_verdict["inconclusive"] == set(), found.output
    assert by_verdict["pass"] >= PASS
    assert "Traceback" not in found.output


def test_every_confirmed_failure_is_explained() -> None:
    for server, confirmed in CONFIRMED.items():
        text = (ROOT / "reports" / "examples" / f"{server}.md").read_text("utf-8")
        wanted = confirmed | BY_CHANCE.get(server, set())
        assert not [name for name in sorted(wanted) if f"### {name}" not in text], server
