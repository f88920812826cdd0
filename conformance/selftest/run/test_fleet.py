"""Many targets in one run: each judged by itself, and all on one page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.run.fleet import FleetError, load, worst
from conformance.selftest.judging import UNPLUGGED

ROOT = Path(__file__).parents[3]
SECONDS = 120


def fleet(tmp_path: Path, text: str, *words: str) -> tuple[int, str, Path]:
    """Judge a fleet; return the exit code, what was written, and the folder of the reports."""
    path, out = tmp_path / "fleet.toml", tmp_path / "out"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "conformance", "-p", "no:cacheprovider"),
            *(f"--targets={path}", f"--report={out}", "--area=OPS", *words),
        ],
        cwd=ROOT,
        env={**os.environ, **({} if "-n" in words else UNPLUGGED)},
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode(), out


DEAD = """
[[target]]
name = "dead"
url = "http://127.0.0.1:9/mcp"

[[target]]
name = "misspelt"
profile = "misspelt.toml"

[[target]]
name = "dead-too"
url = "http://127.0.0.1:9/other"
"""


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("-n", "2")])
def test_each_target_is_judged_and_a_bad_one_holds_up_no_other(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    profile = '[target]\nurl = "http://127.0.0.1:9/"\nnmae = "x"\n'
    (tmp_path / "misspelt.toml").write_text(profile, "utf-8")
    code, said, out = fleet(tmp_path, DEAD, *words)
    assert code == 6, said
    found = {one["name"]: one for one in json.loads((out / "fleet.json").read_text())["targets"]}
    assert {name: one["exit_code"] for name, one in found.items()} == {
        "dead": 6,
        "misspelt": 4,
        "dead-too": 6,
    }
    assert "nmae" in found["misspelt"]["words"]
    assert "Traceback" not in said
    for name in ("dead", "dead-too"):
        assert (out / name / "report.html").is_file()
    page = (out / "index.html").read_text(encoding="utf-8")
    assert 'href="dead/report.html"' in page
    assert "nmae" in page
    assert "0 of 3 targets are clean" in (out / "summary.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_target_that_takes_too_long_is_cut_short_and_never_green(tmp_path: Path) -> None:
    code, said, out = fleet(tmp_path, f"{DEAD}seconds = 0.05\n".replace("misspelt.toml", "none"))
    assert code == 6
    assert "cut short: it took longer than its 0 s" in said
    assert "cut short: it took longer" in (out / "index.html").read_text(encoding="utf-8")


def test_one_violation_outweighs_all_and_what_was_not_judged_is_undecided() -> None:
    assert worst([0, 6, 1, 4]) == 1
    assert worst([0, 4]) == 6
    assert worst([0, 6]) == 6
    assert worst([0, 0]) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "at least one"),
        ("x = 1", "at least one"),
        ("[[target]]\nname = 'a'", "give url, or profile"),
        ("[[target]]\nname = '../a'\nurl = 'http://h/'", "no name of a folder"),
        ("[[target]]\nname = 'a'\nurl = 'http://h/'\nprofil = 'x'", "known here: name, profile"),
        ("[[target]]\nname = 'a'\nurl = 'http://h/'\nseconds = 0", "target 1, seconds"),
        ("[[target]]\nname='a'\nurl='u'\n[[target]]\nname='A'\nurl='u'", "2 targets are called"),
        ("[[target]", "is not TOML"),
    ],
)
def test_a_bad_file_of_targets_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FleetError, match=words):
        load(path)


def test_options_of_one_target_are_refused(tmp_path: Path) -> None:
    code, said, _ = fleet(tmp_path, DEAD, "--target=http://127.0.0.1:9/mcp")
    assert code == 4
    assert "--target is of one target" in said
