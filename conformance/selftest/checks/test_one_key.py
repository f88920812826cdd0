"""A server with one key for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import Sessions
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path

ONE_KEY = PROFILE.replace("KEY_B", "KEY_A")


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
