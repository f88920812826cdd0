"""What a profile lets be judged is told without a request, and its mistakes with their lines."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import pytest

from conformance import catalogue
from conformance.run.judgeable import checks
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

CHECK = "--check-profile"
PAST = """
[known_failures."AUTH-03"]
reason = "the gateway tells wrong keys apart"
until = 2020-02-29
"""


def test_a_profile_is_checked_without_a_request(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as untouched:
        untouched.settimeout(0.2)
        url = f"http://127.0.0.1:{untouched.getsockname()[1]}/mcp"
        found = judge(tmp_path, f"--target={url}", CHECK, profile=PROFILE)
        with pytest.raises(TimeoutError):
            untouched.accept()
    assert found.code == 0
    assert not found.lines
    line = found.output.splitlines()[0]
    assert re.fullmatch(r".*profile\.toml is valid: \d+ of \d+ requirements could be .*", line)
    assert "the profile's [channels.auditor] dsn: SQL that may read the audit trail" in found.output


def test_without_keys_it_says_that_nothing_can_pass(tmp_path: Path) -> None:
    keyless = judge(tmp_path, "--target=http://127.0.0.1:9/mcp", CHECK)
    assert "nothing can pass: whoever refuses everyone" in keyless.output
    keyed = judge(tmp_path, "--target=http://127.0.0.1:9/mcp", CHECK, profile=PROFILE)
    assert "nothing can pass" not in keyed.output


def test_what_could_be_judged_is_what_a_run_then_assesses(tmp_path: Path) -> None:
    with serving(Good) as url:
        words = (f"--target={url}", "--area=AUTH")
        promised = judge(tmp_path, *words, CHECK, profile=PROFILE).output
        found = judge(tmp_path, *words, profile=PROFILE)
    row = promised.partition("could be judged\n")[2].partition("\n\n")[0]
    assessed = {name for name, verdict in found.verdicts.items() if verdict != "not assessed"}
    assert set(re.findall(r"AUTH-\d\d", row)) == assessed
    total = f"{len(assessed)} of {len(found.verdicts)} requirements"
    assert f"is valid: {total} could be judged with it" in promised


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--revision-set=0.1",), len(catalogue.released()["0.1"])),
        (("--requirement=AUTH-01",), 1),
        ((), len(catalogue.requirements())),
    ],
)
def test_the_reference_profile_is_checked_before_its_server_has_written_its_state(
    tmp_path: Path, words: tuple[str, ...], count: int
) -> None:
    found = judge(tmp_path, CHECK, *words)
    assert found.code == 0
    assert f"is valid: {count} of {count} requirements" in found.output
    assert "lack" not in found.output


def test_channels_left_unused_are_lacking(tmp_path: Path) -> None:
    found = judge(tmp_path, CHECK, "--without=clock", "--requirement=BLOCK-04")
    assert "is valid: 0 of 1 requirements" in found.output
    assert "[channels.clock]" in found.output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PROFILE.replace("revoked_key", "revokd_key"), "profile.toml:7: tenants.a.revokd_key: "),
        (PROFILE.replace("KEY_B", "HALLMARK_NOT_SET"), "profile.toml:10: tenants.b.key is taken"),
        (PROFILE.replace('url = "', 'url = { state = "url" } # '), "give --state=FILE"),
        (PROFILE + PAST, "known_failures.AUTH-03: its last day, 2020-02-29, has passed"),
        (PROFILE + PAST.replace("AUTH-03", "AUTH-99"), "profile.toml:16: known_failures.AUTH-99"),
        (PROFILE + "\n[", "profile.toml:16: is not TOML"),
        ("target = 7", "target"),
        ("x = " + "[" * 5000, "profile.toml"),
        ('[target]\nurl = "http://[::1"', "profile.toml:2: 'http://[::1' is not an http"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_4(tmp_path: Path, text: str, told: str) -> None:
    found = judge(tmp_path, CHECK, profile=text)
    assert found.code == 4
    assert told in found.output
    assert "Traceback" not in found.output
    assert len(found.output.strip().splitlines()) == 1


def test_no_secret_is_told(tmp_path: Path) -> None:
    found = judge(tmp_path, CHECK, profile=PROFILE)
    assert "key-of-tenant" not in found.output


@pytest.mark.parametrize(("leave", "is_told"), [((), True), (("--intrusive",), False)])
def test_what_blocks_addresses_waits_for_leave_away_from_loopback(
    tmp_path: Path, leave: tuple[str, ...], *, is_told: bool
) -> None:
    """A name of the reserved domain .invalid leads nowhere, should anybody ask for it."""
    words = ("--target=http://mcp.invalid/mcp", CHECK, *leave)
    found = judge(tmp_path, *words, profile=PROFILE)
    assert found.code == 0
    assert ("give --intrusive" in found.output) is is_told


def test_every_requirement_has_a_prospect() -> None:
    assert {check.requirement for check in checks()} == set(catalogue.requirements())
