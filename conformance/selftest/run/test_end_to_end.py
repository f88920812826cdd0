"""The judge against fake targets: it says no, it says yes, and silence is neither."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from conformance.catalogue import requirements
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import (
    KEYS,
    REVOKED,
    Babble,
    BatchDoor,
    CompressesRefusals,
    Echoes,
    Endless,
    FallsOver,
    Good,
    HangsUpOnOddPaths,
    HangsUpOnStrangers,
    IsBusyOnce,
    LimitsStrangers,
    LosesOne,
    ManyDoors,
    NotesIds,
    OpenDoor,
    OpenToAll,
    PackedEndless,
    Redirects,
    Remembers,
    TellsUnknownKeys,
    WideDoor,
    serving,
)

if TYPE_CHECKING:
    from pathlib import Path

AUTH = "--area=AUTH"


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "in parallel"])
def test_a_good_target_passes_what_can_be_assessed(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    with serving(Good) as url:
        found = judge(tmp_path, f"--target={url}", AUTH, *workers, profile=PROFILE)
    assert {name for name, verdict in found.verdicts.items() if verdict == "pass"} == {
        "AUTH-01",
        "AUTH-02",
        "AUTH-03",
        "AUTH-04",
        "AUTH-05",
        "AUTH-06",
        "AUTH-08",
        "AUTH-09",
        "AUTH-10",
        "AUTH-11",
        "AUTH-12",
        "AUTH-16",
        "AUTH-17",
        "AUTH-18",
        "AUTH-19",
        "AUTH-20",
        "AUTH-21",
    }
    assert set(found.verdicts.values()) == {"pass", "not assessed"}
    assert found.code == 0
    assert found.lines[-1]["kind"] == "footer"


def test_a_cookie_earned_with_a_key_goes_with_no_other_request(tmp_path: Path) -> None:
    with serving(Remembers) as url:
        found = judge(tmp_path, f"--target={url}", AUTH, profile=PROFILE)
    assert set(found.verdicts.values()) == {"pass", "not assessed"}


def test_a_url_alone_is_enough_for_what_a_refusal_says_and_for_nothing_else(tmp_path: Path) -> None:
    """Who is let in, a URL cannot show; how the others are refused, the refusal does."""
    with serving(Good) as url:
        found = judge(tmp_path, f"--target={url}", AUTH)
    verdicts = found.verdicts
    assert verdicts.pop("AUTH-16") == "pass"
    assert set(verdicts.values()) == {"not assessed"}
    assert "tenants.a" in found.output
    assert found.code == 0


def test_what_is_required_must_be_assessed(tmp_path: Path) -> None:
    with serving(Good) as url:
        found = judge(tmp_path, f"--target={url}", AUTH, "--require=AUTH")
    assert found.code == 6


@pytest.mark.parametrize(
    ("handler", "requirement"),
    [
        (OpenToAll, "AUTH-01"),
        (OpenToAll, "AUTH-03"),
        (TellsUnknownKeys, "AUTH-03"),
        (FallsOver, "AUTH-04"),
        (HangsUpOnStrangers, "AUTH-01"),
        (OpenDoor, "AUTH-10"),
        (BatchDoor, "AUTH-10"),
    ],
)
def test_a_broken_target_is_told_what_it_breaks(
    tmp_path: Path, handler: type[Good], requirement: str
) -> None:
    with serving(handler) as url:
        words = (f"--target={url}", f"--requirement={requirement}")
        found = judge(tmp_path, *words, profile=PROFILE)
    assert found.verdicts == {requirement: "fail"}
    assert found.code == 1
    (told,) = [line for line in found.output.splitlines() if line.startswith("FAIL ")]
    assert told.startswith(f"FAIL {requirement} expected: ")
    assert "; to do: " in told
    assert f"  again: pytest conformance --requirement={requirement}" in found.output
    (record,) = [line for line in found.lines if line["kind"] == "finding"]
    assert record["remedy"] == requirements()[requirement].remedy


def test_silence_is_inconclusive(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/mcp"
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-01")
    assert found.verdicts == {"AUTH-01": "inconclusive"}
    assert found.code == 6


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        (HangsUpOnOddPaths, "POST: connection reset"),
        (WideDoor, "and no end of it"),
        (ManyDoors, "POST: 200"),
    ],
)
def test_what_nobody_saw_the_whole_of_is_never_green(
    tmp_path: Path, handler: type[Good], told: str
) -> None:
    """What came of the request nobody saw: the tool may have run."""
    with serving(handler) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-10", profile=PROFILE)
    assert found.verdicts == {"AUTH-10": "inconclusive"}
    assert "requests had no whole answer, the first" in found.output
    assert told in str(found.lines)


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        (LosesOne, "an answer was lost (connection reset"),
        (IsBusyOnce, "an answer was lost (503"),
        (LimitsStrangers, "the target limits the judge"),
        (CompressesRefusals, "Content-Encoding: br"),
    ],
)
def test_an_accident_on_the_way_accuses_nobody(
    tmp_path: Path, handler: type[Good], told: str
) -> None:
    LosesOne.lost.clear()
    IsBusyOnce.lost.clear()
    with serving(handler) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-01", profile=PROFILE)
    assert found.verdicts == {"AUTH-01": "inconclusive"}
    assert told in str(found.lines)


@pytest.mark.parametrize("handler", [Babble, Endless, PackedEndless, Redirects])
def test_a_hostile_target_is_never_green(tmp_path: Path, handler: type[Good]) -> None:
    with serving(handler) as url:
        found = judge(tmp_path, f"--target={url}", "--area=AUTH,OPS", profile=PROFILE)
    assert "pass" not in found.verdicts.values()
    assert found.code in {1, 4, 6}
    assert "Traceback" not in found.output


OWN_TENANT = "test_a_valid_key_runs_the_tool_as_its_own_tenant"
"""One check: the next one begins to count anew."""


def test_no_two_calls_of_one_caller_share_an_id(tmp_path: Path) -> None:
    """A server that keeps calls by their ids would answer one of them and forget the other."""
    NotesIds.seen.clear()
    with serving(NotesIds) as url:
        words = (f"--target={url}", "--requirement=AUTH-05", f"-k={OWN_TENANT}")
        found = judge(tmp_path, *words, profile=PROFILE)
    assert found.verdicts == {"AUTH-05": "pass"}
    assert len(NotesIds.seen) == len(set(NotesIds.seen)) >= 2


def test_nobody_listening_is_inconclusive(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/mcp"
    found = judge(tmp_path, f"--target={url}", AUTH, profile=PROFILE)
    assert set(found.verdicts.values()) == {"inconclusive", "not assessed"}
    assert "connection refused" in found.output
    assert found.code == 6


def test_no_secret_reaches_the_record_and_no_markup_the_terminal(tmp_path: Path) -> None:
    """The target sends every credential back, so each of them is in the evidence's way."""
    with serving(Echoes) as url:
        found = judge(tmp_path, f"--target={url}", AUTH, profile=PROFILE, is_rendered=True)
    assert "fail" in found.verdicts.values()
    written = "".join(
        path.read_text("utf-8", "replace") for path in found.folder.iterdir() if path.is_file()
    )
    assert "<tenants.a.key>" in written
    for secret in (*KEYS, REVOKED):
        assert secret not in written
        assert secret[:12] not in written
        assert secret not in found.output
    assert "\x1b[31m" not in found.output
    assert "<script>alert(1)" not in (found.folder / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--area=NOPE",), "no such area: NOPE"),
        (("--requirement=AUTH-99",), "no such requirement"),
        (("--target=ftp://127.0.0.1",), "http or https URL"),
        (("--patience=-1",), "0 or more"),
        (("--requirement=",), "--requirement=: names nothing"),
        (("--area=", "--require= "), "names nothing"),
        (("--area=RLS", "--requirement=AUTH-01"), "--requirement=AUTH-01: is not in --area=RLS"),
        (("--area=AUTH", "--require=RLS"), "--require=RLS: the other options leave nothing"),
        (("--report=/dev/null/x",), "--report=/dev/null/x: cannot be written: Not a directory"),
        (("--report=/dev/null",), "--report=/dev/null: cannot be written"),
        (("--mutant=x", "--target=http://127.0.0.1:1/mcp"), "leave out --target"),
        (("--profile=/does/not/exist.toml",), "no such profile"),
        (("--state=/does/not/exist.json",), "state file cannot be read"),
        (("--mutant=no-such-mutant",), "There is no mutant"),
    ],
)
def test_a_bad_option_is_one_sentence_and_exit_code_4(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    found = judge(tmp_path, *words)
    assert found.code == 4
    assert told in found.output
    assert "Traceback" not in found.output
    assert not found.lines


def test_a_wrong_key_in_the_profile_is_no_violation(tmp_path: Path) -> None:
    """The profile may be at fault, and then nothing is known of the server."""
    with serving(Good) as url:
        wrong = PROFILE.replace("KEY_A", "KEY_REVOKED")
        found = judge(tmp_path, f"--target={url}", "--requirement=AUTH-05", profile=wrong)
    assert found.verdicts == {"AUTH-05": "inconclusive"}
    assert "the key of [tenants.a] works at the URL (got 401" in found.output


def test_a_typo_in_a_profile_names_the_line_and_what_is_known(tmp_path: Path) -> None:
    found = judge(tmp_path, profile=PROFILE.replace("revoked_key", "revokd_key"))
    assert found.code == 4
    assert "profile.toml:7: tenants.a.revokd_key: unknown key 'revokd_key'" in found.output
    assert "revoked_key" in found.output


def test_a_key_spoilt_on_purpose_is_no_way_to_the_key(tmp_path: Path) -> None:
    """Each malformed key is a right one but for a character or two, and stands in the evidence."""
    with serving(Good) as url:
        words = (f"--target={url}", "--requirement=AUTH-04")
        found = judge(tmp_path, *words, profile=PROFILE, is_rendered=True)
    assert found.verdicts == {"AUTH-04": "pass"}
    written = "".join(path.read_text("utf-8", "replace") for path in found.folder.iterdir())
    assert "tenants.a.key, changed" in written
    (key,) = (key for key, tenant in KEYS.items() if tenant == "tenant-a")
    assert not [key[at : at + 8] for at in range(len(key) - 8) if key[at : at + 8] in written]
