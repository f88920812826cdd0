"""Two runs compared: only what both saw is called better or worse."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conformance.selftest.records import Line, finding, footer, header, mixed, whole, write
from reports import diff, diff_text
from reports.__main__ import main
from reports.diff import Change
from reports.tests.test_documents import GOLDEN
from reports.tests.test_html import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

    from reports.diff import Difference

ABSENT, PASS, FAIL, OPEN, UNSEEN = "absent", "pass", "fail", "inconclusive", "not assessed"

CHANGES = {
    (PASS, FAIL): (Change.NEWLY_FAILS, 1),
    (OPEN, FAIL): (Change.NEWLY_FAILS, 1),
    (UNSEEN, FAIL): (Change.NEWLY_FAILS, 1),
    (ABSENT, FAIL): (Change.NEWLY_FAILS, 1),
    (FAIL, FAIL): (Change.FAILS_STILL, 0),
    (FAIL, PASS): (Change.FIXED, 0),
    (PASS, PASS): (Change.PASSES_STILL, 0),
    (OPEN, PASS): (Change.SEEN_NOW, 0),
    (UNSEEN, PASS): (Change.SEEN_NOW, 0),
    (ABSENT, PASS): (Change.SEEN_NOW, 0),
    (FAIL, OPEN): (Change.UNSEEN_NOW, 6),
    (FAIL, UNSEEN): (Change.UNSEEN_NOW, 6),
    (FAIL, ABSENT): (Change.UNSEEN_NOW, 6),
    (PASS, OPEN): (Change.UNSEEN_NOW, 6),
    (PASS, UNSEEN): (Change.UNSEEN_NOW, 6),
    (PASS, ABSENT): (Change.UNSEEN_NOW, 6),
    (OPEN, UNSEEN): (Change.UNSEEN_STILL, 0),
    (UNSEEN, OPEN): (Change.UNSEEN_STILL, 0),
    (UNSEEN, ABSENT): (Change.UNSEEN_STILL, 0),
    (ABSENT, UNSEEN): (Change.UNSEEN_STILL, 0),
}


def _folder(parent: Path, name: str, lines: list[Line]) -> Path:
    folder = parent / name
    folder.mkdir(exist_ok=True)
    write(folder, lines)
    return folder


def _compare(folder: Path, before: list[Line], after: list[Line]) -> Difference:
    paths = (_folder(folder, name, lines) for name, lines in (("a", before), ("b", after)))
    return diff.compare(*map(diff.load, paths))


def _run(*verdicts: tuple[str, str]) -> list[Line]:
    found = [finding(name, verdict) for name, verdict in verdicts if verdict != ABSENT]
    return whole(found, int(FAIL in dict(verdicts).values()))


@pytest.mark.parametrize(("was", "now"), CHANGES)
def test_each_pair_of_verdicts_is_one_change_and_one_exit_code(
    was: str, now: str, tmp_path: Path
) -> None:
    change, code = CHANGES[was, now]

    found = _compare(tmp_path, _run(("AUTH-01", was)), _run(("AUTH-01", now)))

    assert [step.change for step in found.steps] == [change]
    assert found.exit_code == code


def test_a_new_violation_outweighs_what_is_unseen(tmp_path: Path) -> None:
    before = _run(("AUTH-01", PASS), ("AUTH-02", PASS), ("AUTH-03", FAIL))
    after = _run(("AUTH-01", FAIL), ("AUTH-02", OPEN), ("AUTH-03", PASS))

    assert _compare(tmp_path, before, after).exit_code == 1


def test_a_pass_of_a_run_that_was_cut_short_repairs_nothing(tmp_path: Path) -> None:
    found = _compare(tmp_path, _run(("AUTH-01", FAIL)), _run(("AUTH-01", PASS))[:-1])

    assert [step.change for step in found.steps] == [Change.UNSEEN_NOW]
    assert found.exit_code == 6
    text = diff_text.plain(found)
    assert "fail → pass, in a run that was cut short" in text
    assert "B was cut short" in text
    assert "fixed" not in text


def test_a_pass_of_a_run_that_was_cut_short_is_nothing_to_lose(tmp_path: Path) -> None:
    found = _compare(tmp_path, _run(("AUTH-01", PASS))[:-1], _run(("AUTH-01", OPEN)))

    assert found.exit_code == 0
    assert "A was cut short" in diff_text.plain(found)


def _checks(*names: str) -> list[Line]:
    return [{"name": name, "verdict": "pass", "reason": ""} for name in names]


def _verdicts(**verdicts: str) -> list[Line]:
    return [{"name": name, "verdict": one, "reason": ""} for name, one in verdicts.items()]


def test_a_check_that_fails_newly_is_not_hidden_by_one_that_fails_still(tmp_path: Path) -> None:
    before = whole([finding("AUTH-01", FAIL, checks=_verdicts(test_a="fail", test_b="pass"))], 1)
    after = whole([finding("AUTH-01", FAIL, checks=_verdicts(test_a="fail", test_b="fail"))], 1)

    found = _compare(tmp_path, before, after)

    assert [step.change for step in found.steps] == [Change.NEWLY_FAILS]
    assert found.exit_code == 1
    assert "fail → fail, newly test_b" in diff_text.plain(found)
    assert [step.change for step in _compare(tmp_path, after, before).steps] == [Change.FAILS_STILL]


def test_a_pass_without_the_check_that_failed_repairs_nothing(tmp_path: Path) -> None:
    before = whole([finding("AUTH-01", FAIL, checks=_checks("test_a", "test_b"))], 1)
    after = whole([finding("AUTH-01", checks=_checks("test_a"))])

    found = _compare(tmp_path, before, after)

    assert [step.change for step in found.steps] == [Change.UNSEEN_NOW]
    assert "fail → pass, without a check that was made before" in diff_text.plain(found)


def test_another_version_of_the_judge_may_name_its_checks_otherwise(tmp_path: Path) -> None:
    before = [header(tools={"hallmark": "0.0"}), *_run(("AUTH-01", FAIL))[1:]]
    after = whole([finding("AUTH-01", checks=_checks("test_renamed"))])

    assert [one.change for one in _compare(tmp_path, before, after).steps] == [Change.FIXED]


def test_what_the_catalogue_says_otherwise_is_told(tmp_path: Path) -> None:
    changed = {"clause": "Another.", "severity": "SHOULD"}

    found = _compare(
        tmp_path,
        whole([finding("AUTH-01"), finding("AUTH-03")]),
        whole([finding("AUTH-01", **changed), finding("AUTH-02")]),
    )

    text = diff_text.plain(found)
    assert "clause changed: AUTH-01\n" in text
    assert "severity changed: AUTH-01\n" in text
    assert "only in A: AUTH-03\n" in text
    assert "only in B: AUTH-02\n" in text
    assert "title changed" not in text


def test_runs_of_two_targets_are_said_to_be_that(tmp_path: Path) -> None:
    other = [header(target={"name": "Other", "url": "https://x.example/mcp"}), *_run()[1:]]

    assert "runs of two targets" in diff_text.plain(_compare(tmp_path, _run(), other))
    assert "runs of two targets" not in diff_text.plain(_compare(tmp_path, _run(), _run()))


def _sample(folder: Path) -> Difference:
    after = [
        finding("AUTH-01", "fail"),
        finding("AUTH-02"),
        finding("AUTH-06"),
        finding("RLS-01", "fail"),
        finding("RLS-03"),
    ]
    before = [*mixed(), finding("RLS-04"), finding("RLS-03")]
    return _compare(folder, whole(before, 1), whole(after, 1))


@pytest.mark.parametrize(
    ("name", "render"), [("diff.txt", diff_text.plain), ("diff.md", diff_text.markdown)]
)
def test_the_sample_is_compared_as_before(name: str, render: object, tmp_path: Path) -> None:
    assert callable(render)

    assert render(_sample(tmp_path)) == (GOLDEN / name).read_text("utf-8")


@pytest.mark.parametrize(("after", "code"), [(PASS, 0), (FAIL, 1), (OPEN, 6)], ids=["0", "1", "6"])
@pytest.mark.parametrize("is_file", [True, False], ids=["files", "folders"])
def test_the_command_exits_as_it_says(
    after: str, code: int, *, is_file: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = (("a", _run(("AUTH-01", PASS))), ("b", _run(("AUTH-01", after))))
    folders = [_folder(tmp_path, name, lines) for name, lines in runs]
    paths = [str(path / "run.jsonl" if is_file else path) for path in folders]

    assert main(["diff", *paths]) == code
    assert capsys.readouterr().out.startswith("A  2026-01-02 03:04:05 UTC  Sample server")
    assert main(["diff", "--markdown", *paths]) == code
    assert capsys.readouterr().out.startswith("# Hallmark: two runs compared\n")


@pytest.mark.parametrize("more", [[], ["--markdown"]])
def test_a_ci_system_finds_no_command_in_what_is_printed(
    more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a target calls itself, and a title of a record that came from elsewhere."""
    said = "##[add-mask]x ##vso[task.prependpath]/tmp/evil"
    runs = [_run(("AUTH-01", was)) for was in (PASS, FAIL)]
    for _, *lines in runs:
        lines[0]["title"] = f"{said}\n::error::x"
    heads = [run[0] | {"target": {"name": said, "url": f"http://h/{said}"}} for run in runs]
    before, after = ([head, *run[1:]] for head, run in zip(heads, runs, strict=True))
    folders = [_folder(tmp_path, name, run) for name, run in (("a", before), ("b", after))]

    main(["diff", *more, *map(str, folders)])

    told = capsys.readouterr().out
    assert "mask" in told
    assert not re.search(r"##\w*\[|^\s*::", told, re.MULTILINE)


def test_a_run_that_cannot_be_read_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = _folder(tmp_path, "a", _run())
    (tmp_path / "empty").mkdir()

    for words in ([str(good), str(tmp_path / "empty")], [str(tmp_path / "nowhere"), str(good)]):
        assert main(["diff", *words]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.endswith("cannot be read: No such file or directory\n")
        assert told.err.count("\n") == 1


def test_a_terminal_that_knows_no_arrow_is_told_all_the_same(tmp_path: Path) -> None:
    paths = [str(_folder(tmp_path, name, _run(("AUTH-01", PASS)))) for name in ("a", "b")]
    write(tmp_path / "b", _run(("AUTH-01", FAIL)))
    words = [sys.executable, "-m", "reports", "diff", *paths]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}

    done = subprocess.run(words, capture_output=True, env=environment, check=False)

    assert (done.returncode, done.stderr) == (1, b"")
    assert b"[pass \\u2192 fail]" in done.stdout


@pytest.mark.parametrize("words", [*HOSTILE, "\ud800\x00\u202e\r\n# x", "long " * 30_000])
def test_hostile_words_are_words(words: str, tmp_path: Path) -> None:
    changes = dict.fromkeys(("title", "clause", "reason", "seen", "rerun", "source"), words)
    checks = [{"name": words, "verdict": "fail", "reason": words}]
    found = [finding("AUTH-01", "fail", **changes, checks=checks)]
    top = header(target={"name": words, "url": words}, tools={words: words}, command=[words])

    compared = _compare(tmp_path, _run(("AUTH-01", PASS)), [top, *found, footer(found, 1)])

    for text in (diff_text.plain(compared), diff_text.markdown(compared)):
        assert all(line.isprintable() for line in text.split("\n"))
        assert len(text) < 5000
    headings = [one for one in diff_text.markdown(compared).split("\n") if one.startswith("#")]
    assert headings == ["# Hallmark: two runs compared", "## Newly fails"]
    assert "<script" not in diff_text.markdown(compared).replace("\\<", "")
