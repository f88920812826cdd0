"""A server with one key for everybody, and a profile that calls its tenants by a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.selftest.checks.test_messages import NamesItsTenant, Speaks, SuitsItsWords
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

ONE_KEY = PROFILE.replace("KEY_B", "KEY_A")
SHORT = PROFILE.replace('"tenant-a"', '"a"').replace('"tenant-b"', '"b"')


class Lists(Good):
    """Lists a tool whose description has words of one letter, and of a tenant's name."""

    def converse(self, message: dict[str, Any]) -> None:
        """List it."""
        if message.get("method") != "tools/list":
            super().converse(message)
            return
        tool = {
            "name": "sum",
            "description": "Adds a and b; tenant-b has a limit.",
            "inputSchema": {"type": "object"},
        }
        self.reply(200, {"jsonrpc": "2.0", "id": message.get("id"), "result": {"tools": [tool]}})


def test_what_crosses_tenants_is_not_assessed_where_both_have_one_key(tmp_path: Path) -> None:
    """Its one caller uses its own session, and the session without a key is judged all the same."""
    with serving(Sessions) as url:
        words = (f"--target={url}", "--requirement=MCP-07,MCP-08")
        found = judge(tmp_path, *words, profile=ONE_KEY)
    assert found.verdicts == {"MCP-07": "not assessed", "MCP-08": "pass"}, found.output
    reasons = {str(one["reason"]) for one in found.lines if one.get("id") == "MCP-07"}
    assert reasons == {
        "[tenants.a] and [tenants.b] have one key, so nothing can cross between the two"
    }


def test_a_tenant_called_by_a_letter_is_not_found_in_every_description(tmp_path: Path) -> None:
    for profile, verdict in ((SHORT, "pass"), (PROFILE, "fail")):
        with serving(Lists) as url:
            words = (f"--target={url}", "--requirement=RLS-15")
            found = judge(tmp_path, *words, profile=profile)
        assert found.verdicts == {"RLS-15": verdict}, found.output


@pytest.mark.parametrize(
    ("server", "profile", "verdict"),
    [
        (Speaks, SHORT, "pass"),
        (NamesItsTenant, SHORT, "pass"),
        (SuitsItsWords, SHORT, "fail"),
        (Speaks, ONE_KEY, "not assessed"),
    ],
)
def test_what_a_tool_says_to_two_callers_is_not_told_apart_by_the_letters_in_it(
    tmp_path: Path, server: type[Speaks], profile: str, verdict: str
) -> None:
    with serving(server) as url:
        words = (f"--target={url}", "--requirement=MCP-28")
        found = judge(tmp_path, *words, profile=profile)
    assert found.verdicts == {"MCP-28": verdict}, found.output
