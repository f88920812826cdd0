"""PERM on servers with roles of their own: each mistake is found, and no right one accused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.role_servers import REVIEWER, server_with
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.selftest.judging import Judged

POLICY = """
[policy.identities.clerk]
[policy.identities.reviewer]
key = { env = "REVIEWER_KEY" }
[policy.identities.visitor]
nothing = true
[[policy.rules]]
identity = "clerk"
allow = ["*"]
[[policy.rules]]
identity = ["reviewer", "visitor"]
allow = ["whoami"]
[[policy.rules]]
identity = "reviewer"
allow = ["read_*"]
[[policy.cells]]
identity = "clerk"
tool = "book_entry"
arguments = { amount = 100 }
verdict = "allow"
[[policy.cells]]
identity = ["clerk", "reviewer"]
tool = "book_entry"
arguments = { amount = 5000 }
verdict = "deny"
[[policy.calls]]
name = "read_accounts"
[[policy.calls]]
name = "book_entry"
arguments = { amount = 1 }
"""
NAMED = PROFILE.replace('"ping"', '"whoami"')
JUDGED = ("PERM-01", "PERM-02", "PERM-05", "PERM-08")
OTHERS = ("PERM-03", "PERM-04", "PERM-05-b", "PERM-06", "PERM-07")
"""What takes organizations, or keys that may be made."""
MISTAKES = {
    "everything listed": {"PERM-01"},
    "public lists": {"PERM-01"},
    "everything callable": {"PERM-02", "PERM-08"},
    "role told": {"PERM-02"},
    "role from a header": {"PERM-05"},
    "role from _meta": {"PERM-05"},
    "reviewers locked out": {"PERM-08"},
    "any amount": {"PERM-08"},
}
"""What each mistaken server must fail."""


def judged(folder: Path, mistake: str, policy: str = POLICY, *, hides: bool = True) -> Judged:
    with serving(server_with(mistake, hides=hides)) as url:
        return judge(folder, f"--target={url}", "--area=PERM", profile=NAMED + policy)


@pytest.fixture(autouse=True)
def _reviewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVIEWER_KEY", REVIEWER)


def test_a_right_server_is_accused_of_nothing(tmp_path: Path) -> None:
    found = judged(tmp_path, "")
    expected = {
        **dict.fromkeys(JUDGED, "pass"),
        **dict.fromkeys(OTHERS, "not assessed"),
    }
    assert found.verdicts == expected, found.output[-3000:]
    assert REVIEWER not in (found.folder / "run.jsonl").read_text("utf-8")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_for_what_it_is(mistake: str, tmp_path: Path) -> None:
    found = judged(tmp_path, mistake)
    failed = {name for name, verdict in found.verdicts.items() if verdict == "fail"}
    assert failed == MISTAKES[mistake], found.output[-3000:]


def test_where_nothing_is_hidden_a_refusal_may_say_so(tmp_path: Path) -> None:
    found = judged(tmp_path, "", "[policy]\nhides = false\n" + POLICY, hides=False)
    assert found.verdicts["PERM-01"] == "not assessed", found.output[-3000:]
    assert {found.verdicts[name] for name in JUDGED[1:]} == {"pass"}, found.output[-3000:]


def test_without_a_policy_nothing_is_judged_and_the_option_is_named(tmp_path: Path) -> None:
    with serving(Good) as url:
        found = judge(tmp_path, f"--target={url}", "--area=PERM", profile=PROFILE)
    assert set(found.verdicts.values()) == {"not assessed"}
    assert "[policy]" in found.output
