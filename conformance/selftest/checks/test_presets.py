"""Presets of ways: right ones are not accused, and each mistake is, by the start that shows it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from conformance.selftest.judging import BEARER, PROFILE, judge
from conformance.selftest.targets import serving
from conformance.selftest.way_servers import ALL, server_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

WAYS = f"""{BEARER}
[[sessions.ways]]
header = "Authorization"
scheme = "Bearer"
[[sessions.ways]]
header = "X-Edge-Token"
[[sessions.ways]]
cookie = "sid"
"""
PRESETS = """
[sessions.presets.web]
words = ["{web}"]
ways = ["Authorization", "sid"]
[sessions.presets.machines]
words = ["{machines}"]
ways = ["Authorization"]
"""
LAUNCH = f"""
[channels.launch]
command = ["{sys.executable}", "-m", "conformance.selftest.way_servers", "{{port}}"]
secrets_dir = ""
required_secrets = []
"""
RIGHT = {"web": "bearer,cookie", "machines": "bearer"}
MISTAKEN = {
    "a way too many": ({"machines": "bearer,cookie"}, "cookie sid, which is none of its ways"),
    "a way before the first": (
        {"machines": "edge,bearer"},
        "header X-Edge-Token, which is none of its ways",
    ),
    "another order": ({"web": "cookie,bearer"}, "header Authorization before cookie sid"),
}


def profile(**told: str) -> str:
    return PROFILE + WAYS + PRESETS.format(**{**RIGHT, **told}) + LAUNCH


def test_a_server_that_keeps_to_its_presets_is_not_accused(tmp_path: Path) -> None:
    with serving(server_of(*ALL)) as url:
        only = "--requirement=CHAIN-01,CHAIN-02,CHAIN-03"
        found = judge(tmp_path, f"--target={url}", only, profile=profile())
    # No word is declared that a refusal would name; that none repeats a short key is seen.
    assert found.verdicts == {"CHAIN-01": "pass", "CHAIN-02": "pass", "CHAIN-03": "not assessed"}


@pytest.mark.parametrize("mistake", MISTAKEN)
def test_a_preset_that_is_not_what_it_says_is_found_out(mistake: str, tmp_path: Path) -> None:
    started, seen = MISTAKEN[mistake]
    with serving(server_of(*ALL)) as url:
        only = "--requirement=CHAIN-01,CHAIN-02"
        found = judge(tmp_path, f"--target={url}", only, profile=profile(**started))
    assert found.verdicts == {"CHAIN-01": "fail", "CHAIN-02": "pass"}, found.output[-3000:]
    assert seen in found.output


def test_a_preset_in_which_a_way_of_its_own_does_not_work_is_undecided(tmp_path: Path) -> None:
    with serving(server_of(*ALL)) as url:
        told = profile(web="bearer")
        found = judge(tmp_path, f"--target={url}", "--requirement=CHAIN-01", profile=told)
    assert found.verdicts == {"CHAIN-01": "inconclusive"}


def test_without_presets_the_order_alone_decides(tmp_path: Path) -> None:
    with serving(server_of(*ALL)) as url:
        told = PROFILE + WAYS
        found = judge(tmp_path, f"--target={url}", "--requirement=CHAIN-01", profile=told)
    assert found.verdicts == {"CHAIN-01": "pass"}


def test_presets_that_nobody_can_start_are_not_assessed(tmp_path: Path) -> None:
    with serving(server_of(*ALL)) as url:
        told = PROFILE + WAYS + PRESETS.format(**RIGHT)
        found = judge(tmp_path, f"--target={url}", "--requirement=CHAIN-01", profile=told)
    assert found.verdicts == {"CHAIN-01": "not assessed"}
    assert "[channels.launch]" in found.output


def test_a_preset_of_a_way_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with serving(server_of(*ALL)) as url:
        told = (PROFILE + WAYS + PRESETS.format(**RIGHT)).replace(
            '["Authorization", "sid"]', '["x"]'
        )
        found = judge(tmp_path, f"--target={url}", "--requirement=CHAIN-01", profile=told)
    assert "presets.web: x is no header or cookie of [[sessions.ways]]" in found.output
