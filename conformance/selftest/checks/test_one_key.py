"""A server with one key for everybody, and a profile that calls its tenants by a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

ONE_KEY = PROFILE.replace("KEY_B", "KEY_A")


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
    short = PROFILE.replace('"tenant-a"', '"a"').replace('"tenant-b"', '"b"')
    for profile, verdict in ((short, "pass"), (PROFILE, "fail")):
        with serving(Lists) as url:
            words = (f"--target={url}", "--requirement=RLS-15")
            found = judge(tmp_path, *words, profile=profile)
        assert found.verdicts == {"RLS-15": verdict}, found.output
