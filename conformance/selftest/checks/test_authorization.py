"""Authorization servers: a right one is accused of nothing, and each mistake is found."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from conformance.selftest.authorization.documents import server_with_documents
from conformance.selftest.authorization.grants import set_passwords
from conformance.selftest.authorization.server import PROFILE as USERS_PROFILE
from conformance.selftest.authorization.server import server_of
from conformance.selftest.judging import PROFILE, Judged, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

OF_PEOPLE = ("OAUTH-03", "OAUTH-04", "OAUTH-06", "OAUTH-11", "OAUTH-12", "OAUTH-14", "OAUTH-15")
JUDGED = ("OAUTH-02", *OF_PEOPLE, "OAUTH-19", "OAUTH-20")
FLOWS = """
[not_applicable]
"OAUTH-03:test_each_flow_has_an_s256_challenge_of_its_own" = "it connects no platform"
"OAUTH-03:test_the_verifier_is_told_in_no_answer" = "it connects no platform"
"OAUTH-03:test_the_verifier_is_in_no_log_line" = "it connects no platform"
"OAUTH-03:test_the_verifier_is_in_no_audit_row" = "it connects no platform"
"OAUTH-03:test_the_stored_verifier_is_the_challenges_own" = "it connects no platform"
"""
TERMS = """
[authorization.terms]
code_seconds = 60
registrations = 25
"""
MISTAKES = {
    "any redirect URI": {"OAUTH-02"},
    "redirects in clear": {"OAUTH-02"},
    "odd redirects": {"OAUTH-02"},
    "secret for all": {"OAUTH-02"},
    "plain": {"OAUTH-03"},
    "challenge optional": {"OAUTH-03"},
    "verifier optional": {"OAUTH-03"},
    "verifier unread": {"OAUTH-03"},
    "codes twice": {"OAUTH-04", "OAUTH-19"},
    "reuse ends nothing": {"OAUTH-04"},
    "codes for ever": {"OAUTH-04"},
    "codes for any client": {"OAUTH-04"},
    "any redirect in exchange": {"OAUTH-04"},
    "resource at exchange": {"OAUTH-04"},
    "resource unread": {"OAUTH-04"},
    "redirects by prefix": {"OAUTH-06"},
    "redirects by host": {"OAUTH-06"},
    "redirects by ending": {"OAUTH-06"},
    "query unread": {"OAUTH-06"},
    "wildcards": {"OAUTH-06"},
    "redirect in the form": {"OAUTH-06"},
    "no rotation": {"OAUTH-11"},
    "old refresh": {"OAUTH-11", "OAUTH-19"},
    "family goes on": {"OAUTH-11"},
    "anybodys refresh": {"OAUTH-11"},
    "codes race": {"OAUTH-19"},
    "refresh race": {"OAUTH-19"},
    "sends anybody on": {"OAUTH-20"},
    "nameless": {"OAUTH-12"},
    "raw name": {"OAUTH-12"},
    "framed": {"OAUTH-12"},
    "no consent": {"OAUTH-12"},
    "consent for all": {"OAUTH-12"},
    "tickets by client": {"OAUTH-12"},
    "anybodys decision": {"OAUTH-12"},
    "decides by links, tickets by client": {"OAUTH-12"},
    "no host": {"OAUTH-14"},
    "no warning": {"OAUTH-14"},
    "trusting": {"OAUTH-14"},
    "no iss": {"OAUTH-15"},
    "no iss in errors": {"OAUTH-15"},
    "another iss": {"OAUTH-15"},
    "iss unadvertised": {"OAUTH-15"},
    "sends errors anywhere": {"OAUTH-20"},
}
OF_DOCUMENTS = (
    "documents of others",
    "documents without names",
    "documents for any redirect",
    "secrets in documents",
    "redirects to documents",
    "documents from anywhere",
    "documents of any size",
    "patience",
    "failures kept",
)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    set_passwords(monkeypatch)


def judged(folder: Path, *words: str, mistake: str = "", profile: str = "", **terms: Any) -> Judged:
    offset = folder / "offset"
    clock = f'\n[channels.clock]\nfile = "{offset}"\n'
    terms = {"most_clients": 25, **terms}
    with serving(server_of(*mistake.split(", "), offset=offset, **terms)) as url:
        whole = PROFILE + USERS_PROFILE + TERMS + FLOWS + clock + profile
        return judge(folder, f"--target={url}", *words, profile=whole)


def test_a_right_one_is_accused_of_nothing(tmp_path: Path) -> None:
    found = judged(tmp_path, f"--requirement={','.join(JUDGED)}")
    assert found.verdicts == dict.fromkeys(JUDGED, "pass"), found.output
    assert "LEFT" not in found.output


def test_what_was_registered_is_deleted_or_named(tmp_path: Path) -> None:
    server = server_of("keeps clients")
    with serving(server) as url:
        words = (f"--target={url}", "--requirement=OAUTH-02,OAUTH-20")
        found = judge(tmp_path, *words, profile=PROFILE)
    kept = server.memory.clients
    assert kept
    assert "LEFT by OAUTH-02: registered clients: " in found.output
    assert not [name for name in kept if name not in found.output], found.output


@pytest.mark.parametrize("mistake", list(MISTAKES))
def test_a_mistake_is_found_and_nothing_beside_it(tmp_path: Path, mistake: str) -> None:
    found = judged(tmp_path, f"--requirement={','.join(JUDGED)}", mistake=mistake)
    failed = {name for name, verdict in found.verdicts.items() if verdict == "fail"}
    assert failed == MISTAKES[mistake], found.output


def judged_with_documents(folder: Path, mistake: str = "") -> Judged:
    with socket.create_server(("127.0.0.1", 0)) as free:
        origin = f"http://127.0.0.1:{free.getsockname()[1]}"
    shown = f'\n[authorization.documents]\norigin = "{origin}"\nseconds = 0.5\n'
    with serving(server_with_documents(mistake, allowed=origin)) as url:
        whole = PROFILE + USERS_PROFILE + shown
        return judge(folder, f"--target={url}", "--requirement=OAUTH-16", profile=whole)


@pytest.mark.parametrize("mistake", OF_DOCUMENTS)
def test_a_mistake_about_documents_is_found(tmp_path: Path, mistake: str) -> None:
    found = judged_with_documents(tmp_path, mistake)
    assert found.verdicts == {"OAUTH-16": "fail"}, found.output


def test_one_that_is_right_about_documents_is_accused_of_nothing(tmp_path: Path) -> None:
    found = judged_with_documents(tmp_path)
    assert found.verdicts == {"OAUTH-16": "pass"}, found.output


def test_one_that_takes_no_documents_is_not_assessed(tmp_path: Path) -> None:
    shown = '\n[authorization.documents]\norigin = "http://127.0.0.1:8099"\n'
    found = judged(tmp_path, "--requirement=OAUTH-16", profile=shown)
    assert found.verdicts == {"OAUTH-16": "not assessed"}, found.output
    assert "takes no client-id metadata documents" in found.output


def test_without_a_user_what_needs_one_is_not_assessed_and_says_so(tmp_path: Path) -> None:
    with serving(server_of(most_clients=25)) as url:
        words = (f"--target={url}", f"--requirement={','.join(JUDGED)}")
        found = judge(tmp_path, *words, profile=PROFILE + TERMS)
    seen = {name for name, verdict in found.verdicts.items() if verdict == "pass"}
    assert seen == {"OAUTH-02", "OAUTH-20"}, found.output
    others = {found.verdicts[name] for name in JUDGED if name not in seen}
    assert others == {"not assessed"}
    assert "[authorization.users.NAME]" in str(found.lines)


def test_a_server_without_an_authorization_server_is_not_assessed(tmp_path: Path) -> None:
    with serving(Good) as url:
        words = (f"--target={url}", f"--requirement={','.join(JUDGED)}")
        found = judge(tmp_path, *words, profile=PROFILE + USERS_PROFILE)
    assert set(found.verdicts.values()) == {"not assessed"}, found.output
