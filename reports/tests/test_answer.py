"""No run is called clean unless it came to its end, saw something, and found nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conformance.record.reading import load
from conformance.selftest.records import Line, finding, header, known, mixed, whole, write
from reports import badge, html, junit, markdown
from reports.answer import Outcome, answer, decide, supplies, undecided
from reports.fleet import FLEET, INDEX, render_fleet
from reports.tests.page import Page

if TYPE_CHECKING:
    from pathlib import Path

PASS, FAIL = finding("AUTH-01"), finding("AUTH-02", "fail")
OPEN, UNSEEN = finding("AUTH-03", "inconclusive"), finding("AUTH-04", "not assessed")
SHOULD = finding("AUTH-05", "fail", severity="SHOULD")
KNOWN = finding("AUTH-06", "fail", known=known())
ADVICE = finding("AUTH-10", "fail", impact="low", basis="hardening", gates=False)
SURPRISE = finding("AUTH-07", known=known("unexpected pass"))
PAST = finding("AUTH-08", "fail", known=known("past its date"))
PAST_UNSEEN = finding("AUTH-09", "not assessed", known=known("past its date"))

RUNS: dict[str, tuple[list[Line], Outcome, str]] = {
    "clean": (whole([PASS]), Outcome.CLEAN, "Clean"),
    "partly-seen": (whole([PASS, UNSEEN]), Outcome.CLEAN, "Clean, as far as seen"),
    "violation": (whole([PASS, FAIL, OPEN], 1), Outcome.VIOLATIONS, "1 violation"),
    "violations": (whole([FAIL, SHOULD], 1), Outcome.VIOLATIONS, "2 violations"),
    "unexplained": (whole([PASS], 1), Outcome.VIOLATIONS, "Violations"),
    "fail-though-0": (whole([FAIL], 0), Outcome.VIOLATIONS, "1 violation"),
    "known": (whole([PASS, KNOWN, UNSEEN]), Outcome.KNOWN, "1 known failure"),
    "known-alone": (whole([KNOWN]), Outcome.KNOWN, "1 known failure"),
    "known-and-open": (whole([KNOWN, OPEN], 6), Outcome.INCONCLUSIVE, "Inconclusive"),
    "known-and-fail": (whole([KNOWN, FAIL], 1), Outcome.VIOLATIONS, "1 violation"),
    "advice": (whole([PASS, ADVICE]), Outcome.KNOWN, "No violation, 1 piece of advice"),
    "advice-and-known": (whole([KNOWN, ADVICE]), Outcome.KNOWN, "1 known failure"),
    "advice-and-fail": (whole([ADVICE, FAIL], 1), Outcome.VIOLATIONS, "1 violation"),
    "advice-and-open": (whole([ADVICE, OPEN], 6), Outcome.INCONCLUSIVE, "Inconclusive"),
    "surprise": (whole([PASS, KNOWN, SURPRISE], 1), Outcome.VIOLATIONS, "1 unexpected pass"),
    "surprise-though-0": (whole([SURPRISE]), Outcome.VIOLATIONS, "1 unexpected pass"),
    "past": (whole([PASS, PAST], 1), Outcome.VIOLATIONS, "1 violation"),
    "past-unseen": (whole([PASS, PAST_UNSEEN], 1), Outcome.VIOLATIONS, "Out of date"),
    "inconclusive": (whole([PASS, OPEN], 6), Outcome.INCONCLUSIVE, "Inconclusive"),
    "open-though-0": (whole([PASS, OPEN], 0), Outcome.INCONCLUSIVE, "Inconclusive"),
    "required-unseen": (whole([PASS, UNSEEN], 6), Outcome.INCONCLUSIVE, "Inconclusive"),
    "all-unseen": (whole([UNSEEN]), Outcome.INCONCLUSIVE, "Nothing judged"),
    "empty": (whole([]), Outcome.INCONCLUSIVE, "Nothing judged"),
    "no-footer": ([header(), PASS], Outcome.INCOMPLETE, "Incomplete"),
    "only-header": ([header()], Outcome.INCOMPLETE, "Incomplete"),
    "cut-with-failure": ([header(), PASS, FAIL], Outcome.INCOMPLETE, "Incomplete"),
    "interrupted": (whole([PASS], 2), Outcome.INCOMPLETE, "Incomplete"),
}
SHOWN_AS_KNOWN = [name for name, (lines, _, _) in RUNS.items() if any("known" in x for x in lines)]
NOT_CLEAN = [name for name, (_, outcome, _) in RUNS.items() if outcome is not Outcome.CLEAN]


@pytest.mark.parametrize("name", RUNS)
def test_the_answer_is_the_gravest_there_is(name: str, tmp_path: Path) -> None:
    lines, outcome, headline = RUNS[name]
    found = load(write(tmp_path, lines))

    assert decide(found) is outcome
    assert answer(found).headline == headline
    assert answer(found).sentence.endswith(".")


@pytest.mark.parametrize("name", NOT_CLEAN)
def test_no_renderer_calls_it_clean(name: str, tmp_path: Path) -> None:
    found = load(write(tmp_path, RUNS[name][0]))
    page = Page(html.render(found))
    suites = junit.render(found)

    assert "clean" not in page.shown.lower()
    assert "outcome-clean" not in str(page.elements)
    assert "clean" not in markdown.render(found).lower()
    assert "pass" not in badge.render(found)
    # What the profile knows of fails no run, and must fail no CI that reads cases alone.
    is_excused = RUNS[name][1] is Outcome.KNOWN
    assert ("<failure" in suites or "<error" in suites) is not is_excused
    assert ("known failure until" in suites) is (name in SHOWN_AS_KNOWN)


@pytest.mark.parametrize("name", ["clean", "partly-seen"])
def test_a_clean_run_has_neither_failure_nor_error(name: str, tmp_path: Path) -> None:
    suites = junit.render(load(write(tmp_path, RUNS[name][0])))

    assert "<failure" not in suites
    assert "<error" not in suites


def test_a_cut_run_still_tells_what_it_had_found(tmp_path: Path) -> None:
    found = load(write(tmp_path, RUNS["cut-with-failure"][0]))

    assert "1 violation" in answer(found).sentence
    assert "What failed" in html.render(found)


def test_recommended_ones_are_told_apart(tmp_path: Path) -> None:
    assert "SHOULD" in answer(load(write(tmp_path, RUNS["violations"][0]))).sentence


def test_what_is_lacking_is_grouped_by_what_would_supply_it(tmp_path: Path) -> None:
    found = supplies(load(write(tmp_path, whole([*mixed(), UNSEEN], 1))))

    assert [[one.id for one in supply.findings] for supply in found] == [
        ["AUTH-06", "RLS-02"],
        ["AUTH-06"],
        ["AUTH-04"],
    ]
    assert [supply.alone for supply in found] == [1, 0, 1]
    assert found[0].what == "the profile's [tenants.a] and [tenants.b], each with id and key"
    assert found[2].what == "why AUTH-04 is not assessed"


def test_a_channel_of_a_later_version_is_named_as_it_is(tmp_path: Path) -> None:
    lines = whole([finding(verdict="not assessed", missing=["telepathy"])])

    assert supplies(load(write(tmp_path, lines)))[0].what == "telepathy"


def test_one_cause_is_told_once(tmp_path: Path) -> None:
    dead = [finding(f"AUTH-0{n}", "inconclusive", reason="it is dead") for n in range(1, 4)]

    found = undecided(load(write(tmp_path, whole(dead, 6))))

    assert [(reason, len(group)) for reason, group in found] == [("it is dead", 3)]


@pytest.mark.parametrize("name", RUNS)
def test_a_fleet_is_as_grave_as_its_gravest_target(name: str, tmp_path: Path) -> None:
    lines, outcome, _ = RUNS[name]
    targets = {"clean": whole([PASS]), "other": lines}
    for target, record in targets.items():
        (tmp_path / target).mkdir()
        write(tmp_path / target, record)
    entries = [{"name": one, "exit_code": 0, "seconds": 1.0, "words": ""} for one in targets]
    (tmp_path / FLEET).write_text(json.dumps({"schema": 1, "targets": entries}), "utf-8")
    page = render_fleet(tmp_path)[INDEX].read_text("utf-8")
    assert f'<header class="top outcome-{outcome.value}">' in page
