"""Servers of signed tokens: right ones are accused of nothing, each known mistake of its own."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from conformance.selftest.judging import PROFILE as OPAQUE
from conformance.selftest.judging import TOKEN_PROFILE as PROFILE
from conformance.selftest.judging import Judged, judge
from conformance.selftest.targets import Good, serving
from conformance.selftest.token_servers import (
    COOKIE,
    SECRET,
    issued,
    pem_of,
    server_of,
    server_of_two,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SIGNING = {
    "HS256": '[channels.signing]\nsecret = { env = "SIGNING_KEY" }\n',
    "RS256": '[channels.signing]\nprivate_key = { env = "SIGNING_KEY" }\n',
}
SIGNING["ES256"] = SIGNING["RS256"]
FORGERIES = (
    "alg none",
    "empty signature",
    "key confusion",
    "embedded key",
    "fetched key",
    "json serialization",
)
MISTAKES = {
    **{mistake: ("RS256", {"JWT-02"}) for mistake in FORGERIES},
    "key id as a path": ("HS256", {"JWT-02"}),
    "blank ECDSA signature": ("ES256", {"JWT-02"}),
    "signature not verified": ("RS256", {"JWT-02", "JWT-03"}),
    "audience unread": ("RS256", {"JWT-01", "JWT-04"}),
    "audience as a part": ("HS256", {"JWT-01"}),
    "issuer unread": ("HS256", {"JWT-01"}),
    "expiry unread": ("HS256", {"JWT-01", "JWT-04"}),
    "not-before unread": ("HS256", {"JWT-04"}),
    "critical extensions": ("RS256", {"JWT-04"}),
}
"""The algorithm of each mistaken server, and what it must fail."""
WAYS = f"""
[[sessions.ways]]
header = "Authorization"
scheme = "Bearer"
[[sessions.ways]]
cookie = "{COOKIE}"
"""
JUDGED = ("JWT-01", "JWT-02", "JWT-03", "JWT-04")


def judged(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    algorithm: str,
    mistake: str = "",
    *words: str,
    profile: str = "",
) -> Judged:
    monkeypatch.setenv("TOKEN_A", issued("tenant-a", algorithm))
    monkeypatch.setenv("TOKEN_B", issued("tenant-b", algorithm))
    monkeypatch.setenv("TOKEN_EXPIRED", issued("tenant-a", algorithm, exp=int(time.time()) - 7200))
    monkeypatch.setenv(
        "SIGNING_KEY", SECRET if algorithm == "HS256" else pem_of(algorithm).decode()
    )
    server = server_of_two if WAYS in profile else server_of
    with serving(server(algorithm, mistake)) as url:
        words = words or (f"--requirement={','.join(JUDGED)}",)
        told = profile or PROFILE + SIGNING[algorithm]
        return judge(folder, f"--target={url}", *words, profile=told)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_known_mistake_is_caught_for_what_it_is(
    mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    algorithm, fails = MISTAKES[mistake]
    found = judged(tmp_path, monkeypatch, algorithm, mistake)
    expected = {name: "fail" if name in fails else "pass" for name in JUDGED}
    assert found.verdicts == expected, found.output[-3000:]


@pytest.mark.parametrize(
    "mistake", ["", "alg none", "signature not verified", "audience unread", "expiry unread"]
)
def test_what_reads_cookies_is_judged_by_itself(
    mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bearers are verified as they should be, in each of these servers."""
    algorithm, fails = MISTAKES.get(mistake, ("RS256", set[str]()))
    profile = PROFILE + SIGNING[algorithm] + WAYS
    found = judged(tmp_path, monkeypatch, algorithm, mistake, profile=profile)
    expected = {name: "fail" if name in fails else "pass" for name in JUDGED}
    assert found.verdicts == expected, found.output[-3000:]
    assert not fails or f"by cookie {COOKIE}" in found.output


@pytest.mark.parametrize("algorithm", SIGNING)
def test_a_right_server_of_tokens_is_accused_of_nothing(
    algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = judged(tmp_path, monkeypatch, algorithm, "", "--area=AUTH,JWT")
    assert {name: found.verdicts[name] for name in JUDGED} == dict.fromkeys(JUDGED, "pass")
    assert "fail" not in found.verdicts.values(), found.output[-3000:]
    assert "inconclusive" not in found.verdicts.values(), found.output[-3000:]


def test_no_token_of_a_tenants_stands_in_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of forged tokens hold the valid one's claims; a mistaken server shows the most."""
    found = judged(tmp_path, monkeypatch, "HS256", "signature not verified")
    text = (found.folder / "run.jsonl").read_text("utf-8")
    claims, signature = os.environ["TOKEN_A"].split(".")[1:]
    assert claims not in text
    assert claims[:40] not in text
    assert claims[-40:] not in text
    assert signature not in text
    assert SECRET not in text


def test_where_keys_are_opaque_no_token_is_forged(tmp_path: Path) -> None:
    with serving(Good) as url:
        found = judge(tmp_path, f"--target={url}", "--area=JWT", profile=OPAQUE)
    assert set(found.verdicts.values()) == {"not assessed"}
    assert "signed token (JWT)" in found.output


def test_without_the_key_what_needs_none_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = judged(tmp_path, monkeypatch, "RS256", "alg none", profile=PROFILE)
    assert found.verdicts["JWT-02"] == "fail"
    assert found.verdicts["JWT-03"] == "pass"
    assert found.verdicts["JWT-01"] == found.verdicts["JWT-04"] == "not assessed"
    assert "[channels.signing]" in found.output
