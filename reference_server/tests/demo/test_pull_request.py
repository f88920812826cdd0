"""The check of a pull request's body, as the workflow runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reference_server.demo.gates import gates

FOLDER = Path(__file__).parents[3] / ".github"
GOOD = str(gates()["pull_request_body"])


def complaints(body: str, tmp_path: Path) -> list[str]:
    """Return what the check says; none when it passes."""
    path = tmp_path / "body.md"
    path.write_text(body, encoding="utf-8", newline="")
    command = [sys.executable, str(FOLDER / "pull_request.py"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (1 if lines else 0, "")
    return lines


def test_a_body_with_findings_and_ticks_passes_in_either_line_ending(tmp_path: Path) -> None:
    assert complaints(GOOD, tmp_path) == []
    assert complaints(GOOD.replace("\n", "\r\n"), tmp_path) == []


def test_the_template_as_it_stands_fails_for_all_it_asks_for(tmp_path: Path) -> None:
    template = (FOLDER / "pull_request_template.md").read_text(encoding="utf-8")
    found = "\n".join(complaints(template, tmp_path))
    for lacking in ("finding on security", "finding on correctness", "tox run -e lint,tests"):
        assert lacking in found


@pytest.mark.parametrize("words", ["", "none needed", "TBD.", "n/a", "<!-- later -->"])
def test_words_that_find_nothing_are_no_finding(words: str, tmp_path: Path) -> None:
    lines = GOOD.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("- security"))
    body = "\n".join([*lines[:at], f"- security: {words}", *lines[at + 1 :]])
    assert len(complaints(body, tmp_path)) == 1


def test_a_comment_that_is_never_closed_hides_the_rest(tmp_path: Path) -> None:
    assert len(complaints(GOOD.replace("## Reviews", "<!--\n## Reviews"), tmp_path)) == 3
