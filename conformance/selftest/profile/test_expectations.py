"""Known failures, what does not apply, and frozen sets: what a profile may excuse, and no more."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, cast

import pytest

from conformance import catalogue
from conformance.model import CheckResult, Finding, Known, Standing, Verdict
from conformance.profile import expectations
from conformance.profile import reading as profile
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import Good, TellsUnknownKeys, serving

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.profile.target import Target
    from conformance.selftest.judging import Judged

LATER = "2999-12-31"
KNOWN = """
[known_failures."AUTH-03"]
reason = "the gateway tells wrong keys apart"
until = {until}
"""


def loaded(folder: Path, text: str) -> Target:
    """Return a profile of a URL and some text more."""
    path = folder / "p.toml"
    path.write_text(f'[target]\nurl = "http://127.0.0.1/"\n{text}', encoding="utf-8")
    return profile.load(path)


def judged(
    folder: Path, handler: type[Good], more: str, *words: str, is_rendered: bool = False
) -> Judged:
    """Judge AUTH-03 and AUTH-01 of a fake target with a profile that says more."""
    with serving(handler) as url:
        words = (f"--target={url}", *(words or ("--requirement=AUTH-01,AUTH-03",)))
        return judge(folder, *words, profile=PROFILE + more, is_rendered=is_rendered)


def entry(found: Judged, name: str) -> dict[str, object]:
    """Return the record's line on a requirement."""
    return next(line for line in found.lines if line.get("id") == name)


def test_a_known_failure_stays_a_failure_and_does_not_fail_the_run(tmp_path: Path) -> None:
    found = judged(tmp_path, TellsUnknownKeys, KNOWN.format(until=LATER))
    assert found.verdicts == {"AUTH-01": "pass", "AUTH-03": "fail"}
    assert found.code == 0
    assert entry(found, "AUTH-03")["known"] == {
        "reason": "the gateway tells wrong keys apart",
        "until": LATER,
        "standing": "expected",
    }
    assert entry(found, "AUTH-01")["known"] is None
    assert f"KNOWN FAILURE AUTH-03 until {LATER}: the gateway tells" in found.output
    assert "FAIL AUTH-03 expected" not in found.output
    assert found.lines[-1]["exit_code"] == 0


def test_a_known_failure_excuses_no_other(tmp_path: Path) -> None:
    more = KNOWN.format(until=LATER).replace("AUTH-03", "AUTH-02")
    found = judged(tmp_path, TellsUnknownKeys, more)
    assert found.code == 1
    assert "FAIL AUTH-03 expected" in found.output


def test_an_unexpected_pass_fails_the_run(tmp_path: Path) -> None:
    found = judged(tmp_path, Good, KNOWN.format(until=LATER))
    assert found.verdicts == {"AUTH-01": "pass", "AUTH-03": "pass"}
    assert found.code == 1
    assert entry(found, "AUTH-03")["known"] == {
        "reason": "the gateway tells wrong keys apart",
        "until": LATER,
        "standing": "unexpected pass",
    }
    assert "UNEXPECTED PASS AUTH-03: the profile knows it as a failure; remove" in found.output


def test_a_known_failure_past_its_date_fails_the_run(tmp_path: Path) -> None:
    found = judged(tmp_path, TellsUnknownKeys, KNOWN.format(until="2020-02-29"))
    assert found.code == 1
    assert "KNOWN FAILURE AUTH-03: its last day, 2020-02-29, has passed" in found.output
    assert "FAIL AUTH-03 expected" in found.output


def test_what_was_not_judged_cannot_break_a_run_by_its_date(tmp_path: Path) -> None:
    found = judged(tmp_path, Good, KNOWN.format(until="2020-02-29"), "--requirement=AUTH-01")
    assert found.code == 0


def results(*failing: str) -> tuple[CheckResult, ...]:
    """Return what three checks of AUTH-03 found, two of them one check's cases."""
    names = ("test_one", "test_two[x]", "test_two[y]")
    return tuple(
        CheckResult(name, Verdict.FAIL if name in failing else Verdict.PASS) for name in names
    )


@pytest.mark.parametrize(
    ("checks", "failing", "standing"),
    [
        ('["test_one"]', {"test_one"}, Standing.EXPECTED),
        ('["test_one"]', {"test_one", "test_two[x]"}, None),
        ('["test_one"]', {"test_two[x]"}, None),
        ('["test_one"]', set[str](), Standing.PASSED),
        ('["test_two"]', {"test_two[x]", "test_two[y]"}, Standing.EXPECTED),
        ('["test_two[x]"]', {"test_two[x]", "test_two[y]"}, None),
        ("[]", {"test_one", "test_two[x]"}, Standing.EXPECTED),
    ],
)
def test_a_known_failure_of_one_check_excuses_no_other(
    tmp_path: Path, checks: str, failing: set[str], standing: Standing | None
) -> None:
    target = loaded(tmp_path, KNOWN.format(until=LATER) + f"checks = {checks}\n")
    found = expectations.known(target, "AUTH-03", results(*failing), date(2026, 1, 1))
    assert (found and found.standing) == standing


def test_the_failure_that_nobody_knew_of_explains_the_requirement(tmp_path: Path) -> None:
    target = loaded(tmp_path, KNOWN.format(until=LATER) + 'checks = ["test_one"]\n')
    both = results("test_one", "test_two[y]")
    first = expectations.unknown_first(target, "AUTH-03", both)
    assert [one.name for one in first] == ["test_two[x]", "test_two[y]", "test_one"]


def test_a_check_that_is_excused_is_one_that_there_is(tmp_path: Path) -> None:
    for more, entry_ in (
        (KNOWN.format(until=LATER) + 'checks = ["test_nothing"]\n', "known_failures.AUTH-03"),
        ('[not_applicable]\n"AUTH-03:test_nothing" = "why"\n', "not_applicable.AUTH-03:test"),
    ):
        found = judged(tmp_path, Good, more)
        assert found.code == 4, found.output
        assert entry_ in found.output
        assert "AUTH-03 has no check 'test_nothing'; it has test_" in found.output


def test_a_check_that_does_not_apply_leaves_the_requirement_to_the_others(tmp_path: Path) -> None:
    more = '[not_applicable]\n"AUTH-11:{}" = "nobody can send it"\n'
    words = ("--requirement=AUTH-11",)
    plain = judged(tmp_path, Good, "", *words)
    checks = [str(one["name"]) for one in cast("Any", entry(plain, "AUTH-11")["checks"])]
    one = checks[0].partition("[")[0]
    rest = [name for name in checks if name.partition("[")[0] != one]
    found = judged(tmp_path, Good, more.format(one), *words)
    told = {str(one["name"]): one for one in cast("Any", entry(found, "AUTH-11")["checks"])}
    assert told[checks[0]]["reason"] == "not applicable: nobody can send it"
    assert entry(plain, "AUTH-11")["verdict"] == "pass", plain.output
    assert entry(found, "AUTH-11")["verdict"] == ("pass" if rest else "not assessed")


@pytest.mark.parametrize(
    ("verdict", "is_past", "standing", "fails_the_run"),
    [
        (Verdict.FAIL, False, Standing.EXPECTED, False),
        (Verdict.PASS, False, Standing.PASSED, True),
        (Verdict.INCONCLUSIVE, False, Standing.UNDECIDED, False),
        (Verdict.NOT_ASSESSED, False, Standing.UNDECIDED, False),
        (Verdict.FAIL, True, Standing.PAST, True),
        (Verdict.PASS, True, Standing.PASSED, True),
        (Verdict.NOT_ASSESSED, True, Standing.PAST, True),
    ],
)
def test_a_verdict_stands_to_a_known_failure_in_one_of_four_ways(
    verdict: Verdict, standing: Standing, *, is_past: bool, fails_the_run: bool
) -> None:
    assert Standing.of(verdict, is_past=is_past) is standing
    known = Known("why", "2030-01-31", standing)
    requirement = catalogue.requirements()["AUTH-01"]
    finding = Finding.of(requirement, (CheckResult("one", verdict),), known=known)
    assert finding.fails_the_run is fails_the_run
    assert finding.verdict is verdict


def test_the_last_day_counts(tmp_path: Path) -> None:
    target = loaded(tmp_path, KNOWN.format(until="2030-01-31"))
    for day, is_past in ((date(2030, 1, 31), False), (date(2030, 2, 1), True)):
        known = expectations.known(target, "AUTH-03", results("test_one"), day)
        assert known is not None
        assert known.standing is (Standing.PAST if is_past else Standing.EXPECTED)
    assert expectations.known(target, "AUTH-01", results("test_one"), date(2030, 2, 1)) is None


@pytest.mark.parametrize(
    "more", ['[not_applicable]\nAUTH = "{}"', '[not_applicable]\n"AUTH-03"="{}"']
)
def test_what_does_not_apply_is_not_assessed_with_its_reason(tmp_path: Path, more: str) -> None:
    reason = "keys are checked by the gateway"
    found = judged(tmp_path, TellsUnknownKeys, more.format(reason), is_rendered=True)
    is_area = "AUTH-03" not in more
    assert found.verdicts == {
        "AUTH-01": "not assessed" if is_area else "pass",
        "AUTH-03": "not assessed",
    }
    assert entry(found, "AUTH-03")["reason"] == f"not applicable: {reason}"
    assert f"NOT ASSESSED, not applicable: {reason}" in found.output
    assert f"not applicable: {reason}" in (found.folder / "report.html").read_text("utf-8")
    assert found.code == 0


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (KNOWN.replace("AUTH-03", "AUTH-99").format(until=LATER), ":4: known_failures.AUTH-99: no"),
        (KNOWN.replace("AUTH-03", "auth-03").format(until=LATER), "was AUTH-03 meant?"),
        (KNOWN.format(until='"soon"'), ":6: known_failures.AUTH-03.until: is not a day; write"),
        (KNOWN.format(until="2030-02-30T00:00:00Z"), "is not TOML"),
        (KNOWN.format(until="2030-01-31T00:00:00Z"), "until: is not a day"),
        (KNOWN.format(until='"2030-02-30"'), "known_failures.AUTH-03.until"),
        (KNOWN.format(until="20300131"), "until: is not a day"),
        (KNOWN.format(until=LATER).replace("until", "untill"), "known here: checks, reason, until"),
        (
            '[known_failures."AUTH-03"]\nreason = " "\nuntil = 2030-01-01',
            ":4: known_failures.AUTH-0",
        ),
        ('[known_failures."AUTH-03"]\nreason = "x"', "known_failures.AUTH-03.until: is missing"),
        ('[not_applicable]\nAUHT = "x"', ":4: not_applicable.AUHT: neither a requirement nor an"),
        ('[not_applicable]\nAUTH = ""', ":4: not_applicable.AUTH:"),
        ('[not_applicable]\nAUTH = "x"' + KNOWN.format(until=LATER), "keep one of the two"),
    ],
)
def test_an_excuse_that_excuses_nothing_is_an_error_with_its_line(
    tmp_path: Path, more: str, told: str
) -> None:
    with pytest.raises(profile.ProfileError) as error:
        loaded(tmp_path, more)
    assert told in str(error.value)
    assert str(error.value).count("\n") == 0


def test_a_frozen_set_is_judged_exactly(tmp_path: Path) -> None:
    with serving(Good) as url:
        found = judge(
            tmp_path, f"--target={url}", "--area=AUTH", "--revision-set=0.1", profile=PROFILE
        )
    of_the_area = {name for name in catalogue.released()["0.1"] if name.startswith("AUTH-")}
    assert set(found.verdicts) == of_the_area
    assert of_the_area < {name for name in catalogue.requirements() if name.startswith("AUTH-")}
    assert found.lines[0]["revision_set"] == "0.1"


def test_without_a_frozen_set_the_record_names_none(tmp_path: Path) -> None:
    found = judged(tmp_path, Good, "", "--requirement=AUTH-01")
    assert found.lines[0]["revision_set"] is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--revision-set=9.9",), "--revision-set=9.9: no such set; there are 0.1"),
        (
            ("--revision-set=0.1", "--requirement=AUTH-15"),
            "--requirement=AUTH-15: is not in --revision-set=0.1",
        ),
    ],
)
def test_a_set_that_does_not_fit_is_one_sentence_and_exit_code_4(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    found = judge(tmp_path, *words)
    assert found.code == 4
    assert told in found.output
    assert not found.lines
