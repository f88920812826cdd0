"""OSCAL says *satisfied* of what was seen to pass, and of nothing else."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest

from conformance.record.reading import load
from conformance.selftest.records import (
    EXCHANGE,
    Line,
    finding,
    footer,
    header,
    mixed,
    whole,
    write,
)
from reports import oscal
from reports.tests.schemas import oscal_errors
from reports.tests.test_answer import RUNS
from reports.tests.test_html import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path


def _results(folder: Path, lines: list[Line]) -> dict[str, Any]:
    text = oscal.render(load(write(folder, lines)))
    assert text is not None
    assert oscal_errors(text) == []
    return json.loads(text)["assessment-results"]


def _status(results: dict[str, Any]) -> dict[str, dict[str, str]]:
    found = results["results"][0]["findings"]
    return {
        one["target"]["target-id"].removesuffix("_obj"): one["target"]["status"] for one in found
    }


def _uuids(results: dict[str, Any]) -> list[str]:
    return re.findall(r'"uuid": "([^"]+)"', json.dumps(results))


@pytest.mark.parametrize("name", RUNS)
def test_every_kind_of_run_yields_a_valid_document_or_none(name: str, tmp_path: Path) -> None:
    run = load(write(tmp_path, RUNS[name][0]))
    text = oscal.render(run)

    assert (text is None) is (not run.findings)
    assert text is None or oscal_errors(text) == []


def test_each_verdict_has_its_state_and_reason(tmp_path: Path) -> None:
    found = _status(_results(tmp_path, whole(mixed(), 1)))

    assert {name: (one["state"], one["reason"]) for name, one in found.items()} == {
        "AUTH-01": ("satisfied", "pass"),
        "AUTH-02": ("not-satisfied", "fail"),
        "AUTH-06": ("not-satisfied", "other"),
        "RLS-01": ("not-satisfied", "other"),
        "RLS-02": ("not-satisfied", "other"),
    }
    assert found["RLS-01"]["remarks"] == "inconclusive: why RLS\\-01 is inconclusive"
    assert found["RLS-02"]["remarks"].startswith("not assessed: ")


def test_a_pass_of_a_run_that_was_cut_short_satisfies_nothing(tmp_path: Path) -> None:
    results = _results(tmp_path, [header(), finding(), finding("AUTH-02", "fail")])

    found = _status(results)
    assert (found["AUTH-01"]["state"], found["AUTH-01"]["reason"]) == ("not-satisfied", "other")
    assert "cut short" in found["AUTH-01"]["remarks"]
    assert found["AUTH-02"]["reason"] == "fail"
    assert "end" not in results["results"][0]


def test_every_reference_leads_somewhere_and_no_name_stands_twice(tmp_path: Path) -> None:
    results = _results(tmp_path, whole(mixed(), 1))

    names = _uuids(results)
    assert len(names) == len(set(names))
    result = results["results"][0]
    referred = [results["import-ap"]["href"].removeprefix("#")]
    for one in result["findings"]:
        referred += [related["observation-uuid"] for related in one["related-observations"]]
    for one in result["observations"]:
        referred += [subject["subject-uuid"] for subject in one["subjects"]]
        referred += [actor["actor-uuid"] for origin in one["origins"] for actor in origin["actors"]]
    assert set(referred) <= set(names)
    objectives = {
        part["id"]: objective["control-id"]
        for objective in results["local-definitions"]["objectives-and-methods"]
        for part in objective["parts"]
    }
    reviewed = result["reviewed-controls"]
    assert set(objectives) == {one["target"]["target-id"] for one in result["findings"]}
    selected = reviewed["control-selections"][0]["include-controls"]
    assert list(objectives.values()) == [one["control-id"] for one in selected]


def test_evidence_is_part_of_its_observation(tmp_path: Path) -> None:
    observation = _results(tmp_path, whole(mixed(), 1))["results"][0]["observations"][1]

    texts = [one["description"] for one in observation["relevant-evidence"]]
    assert texts[0] == "rows found\n\n```text\na row\nanother\n```"
    assert EXCHANGE["text"] in texts[1]
    assert "test\\_it\\_holds: fail" in observation["remarks"]
    assert "assert 200 == 401" in observation["description"]


def test_a_record_yields_the_same_document_each_time_and_another_run_another(
    tmp_path: Path,
) -> None:
    lines = whole(mixed(), 1)
    later = [header(started="2026-01-02T03:04:06+00:00"), *lines[1:]]

    one, again, other = (_results(tmp_path, each) for each in (lines, lines, later))

    assert one == again
    components = "components"
    shared = set(_uuids(one)) & set(_uuids(other))
    target = one["results"][0]["local-definitions"][components][0]["uuid"]
    assert target in shared
    assert one["uuid"] not in shared
    assert one["results"][0]["findings"][0]["uuid"] not in shared


def test_a_remedy_stands_in_the_remarks(tmp_path: Path) -> None:
    results = _results(tmp_path, whole([finding(verdict="fail", remedy="Look [here](x).")], 1))

    assert results["results"][0]["findings"][0]["remarks"] == "Look \\[here\\]\\(x\\)\\."


@pytest.mark.parametrize(
    "words",
    [
        *HOSTILE,
        "a\n\nb\r\n# c",
        "```\n# out\n~~~~",
        "\ud800\x00\u202e",
        "\u00a0 \u3000",
        "",
        "long " * 30_000,
    ],
)
def test_hostile_words_are_words(words: str, tmp_path: Path) -> None:
    texts = ("title", "clause", "source", "area_title", "reason", "expected", "seen", "rerun")
    changes: Line = dict.fromkeys((*texts, "remedy"), words)
    lists: Line = {name: [words] for name in ("needs", "missing", "references")}
    evidence = [{"kind": words, "title": words, "text": words}]
    checks = [{"name": words, "verdict": "fail", "reason": words}]
    found = [
        finding(f"AUTH-0{n}", verdict, **changes, **lists, evidence=evidence, checks=checks)
        for n, verdict in enumerate(("pass", "fail", "inconclusive", "not assessed"))
    ]
    top = header(target={"name": words, "url": words}, tools={words: words}, command=[words])

    results = _results(tmp_path, [top, *found, footer(found, 1)])

    text = json.dumps(results, ensure_ascii=False)
    assert not [letter for letter in text if unicodedata.category(letter)[0] == "C"]
    assert len(text) < 600_000
    for observation in results["results"][0]["observations"]:
        first, *_, last = observation["relevant-evidence"][0]["description"].split("\n")
        assert set(last) == {"`"}
        assert "<" not in first.replace("\\<", "")
