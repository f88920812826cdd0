"""Organizations on a server of teams: each mistake is found, and no right one accused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.org_servers import CANARIES, CAPTAIN, GUEST, PLAYER, server_with
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.selftest.judging import Judged

A, B = CANARIES.values()
TEAMS = """
[orgs]
token = "issued.ticket"
switch = { path = "/act-for", body = { team = "{org}" } }
end_seconds = 1
[orgs.members.captain]
session = { env = "CAPTAIN" }
[orgs.members.player]
session = { env = "PLAYER" }
[orgs.guest]
user = { env = "GUEST_ID" }
session = { env = "GUEST" }
[orgs.operations.show]
method = "GET"
path = "/teams/{org}"
allow = ["captain", "player"]
[orgs.operations.rename]
method = "PUT"
path = "/teams/{org}"
body = { name = "{unique}" }
allow = ["captain"]
[orgs.operations.add]
path = "/teams/{org}/members"
body = { who = "{user}", as = "{role}" }
allow = ["captain"]
undo = "remove"
[orgs.operations.change]
method = "PUT"
path = "/teams/{org}/members/{user}"
body = { as = "{role}" }
allow = ["captain"]
follows = "add"
[orgs.operations.remove]
method = "DELETE"
path = "/teams/{org}/members/{user}"
allow = ["captain"]
follows = "add"
"""
NAMED = (
    PROFILE.replace('ping = "ping"', 'ping = "ping"\ntenant_data = "standings"')
    .replace("revoked_key =", f'canary = "{A}"\nrevoked_key =')
    .replace('key = { env = "KEY_B" }', f'key = {{ env = "KEY_B" }}\ncanary = "{B}"')
)
JUDGED = ("PERM-03", "PERM-04", "PERM-06", "OAUTH-10")
MISTAKES = {
    "players rename": {"PERM-03", "PERM-04"},
    "done and refused": {"PERM-03"},
    "teams of others": {"PERM-03"},
    "the role of the ticket": {"PERM-04"},
    "tickets outlive it": {"PERM-06"},
    "tickets for anybody": {"PERM-06"},
    "the former team's data": {"OAUTH-10"},
}
"""What each mistaken server must fail."""


def judged(folder: Path, mistake: str, teams: str = TEAMS, *, by_cookie: bool = False) -> Judged:
    with serving(server_with(mistake, by_cookie=by_cookie)) as url:
        words = (f"--target={url}", f"--requirement={','.join(JUDGED)}")
        return judge(folder, *words, profile=NAMED + teams)


@pytest.fixture(autouse=True)
def _tickets(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"CAPTAIN": CAPTAIN, "PLAYER": PLAYER, "GUEST": GUEST, "GUEST_ID": "gus"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)


def test_a_right_server_is_accused_of_nothing(tmp_path: Path) -> None:
    found = judged(tmp_path, "")
    assert found.verdicts == dict.fromkeys(JUDGED, "pass"), found.output[-3000:]
    assert GUEST not in (found.folder / "run.jsonl").read_text("utf-8")


def test_a_switch_may_set_a_cookie(tmp_path: Path) -> None:
    told = TEAMS.replace('token = "issued.ticket"', 'cookie = "ticket"')
    found = judged(tmp_path, "", told, by_cookie=True)
    assert found.verdicts == dict.fromkeys(JUDGED, "pass"), found.output[-3000:]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_for_what_it_is(mistake: str, tmp_path: Path) -> None:
    found = judged(tmp_path, mistake)
    failed = {name for name, verdict in found.verdicts.items() if verdict == "fail"}
    assert failed == MISTAKES[mistake], found.output[-3000:]


def test_who_cannot_do_what_he_may_leaves_the_rest_undecided(tmp_path: Path) -> None:
    """A guest that cannot be removed is no violation of what ends with a membership."""
    found = judged(tmp_path, "captains locked out")
    assert "fail" not in {found.verdicts["PERM-04"], found.verdicts["OAUTH-10"]}, found.output


def test_without_organizations_nothing_is_judged_and_the_option_is_named(tmp_path: Path) -> None:
    found = judged(tmp_path, "", "")
    assert set(found.verdicts.values()) == {"not assessed"}
    assert "[orgs]" in found.output
