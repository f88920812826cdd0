"""The command ``hallmark``: the judge where it is installed, in any folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conformance import __version__
from conformance.profile import schema
from conformance.run.command import HELP
from conformance.selftest.judging import SECONDS, UNPLUGGED
from conformance.selftest.targets import OpenToAll, serving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

MAIN = "from conformance.__main__ import hallmark; raise SystemExit(hallmark())"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder of somebody's project, with a configuration of pytest and a package of their own."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\n", "utf-8")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "__init__.py").write_text("raise SystemExit(9)\n", "utf-8")
    return tmp_path


def hallmark(folder: Path, *words: str, path: str | None = None) -> tuple[int, str]:
    """Run the command in a folder, with a path to find packages; return its exit code and words."""
    paths = os.pathsep.join(filter(None, [path, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-P", "-c", MAIN, *words],
        cwd=folder,
        env={**os.environ, **({} if "-n" in words else UNPLUGGED), "PYTHONPATH": paths},
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("words", [(), ("-n", "2")])
def test_it_judges_from_any_folder(elsewhere: Path, words: tuple[str, ...]) -> None:
    with serving(OpenToAll) as url:
        code, said = hallmark(elsewhere, f"--target={url}", "--requirement=AUTH-01,MCP-01", *words)
    assert code == 1, said
    assert f"again: hallmark --requirement=AUTH-01 --target={url}" in said
    (report,) = (elsewhere / "reports" / "out").glob("*-target/report.html")
    assert "AUTH-01" in report.read_text("utf-8")


def test_the_report_is_ours_whatever_the_path_holds(elsewhere: Path) -> None:
    with serving(OpenToAll) as url:
        words = (f"--target={url}", "--requirement=AUTH-01", "--report=out")
        code, said = hallmark(elsewhere, *words, path=str(elsewhere))
    assert code == 1, said
    assert (elsewhere / "out" / "report.html").is_file(), said


def test_it_judges_a_fleet_from_any_folder(elsewhere: Path) -> None:
    with serving(OpenToAll) as url:
        entry = f'[[target]]\nname = "open"\nurl = "{url}"\n'
        (elsewhere / "fleet.toml").write_text(entry, "utf-8")
        code, said = hallmark(elsewhere, "--targets=fleet.toml", "--requirement=AUTH-01")
    assert code == 1, said
    (page,) = (elsewhere / "reports" / "out").glob("*-fleet/index.html")
    assert "1 violation" in page.read_text("utf-8")


def test_without_a_target_it_asks_for_one(elsewhere: Path) -> None:
    code, said = hallmark(elsewhere)
    assert code == 4
    assert said.strip().splitlines()[-1] == (
        "ERROR: nothing to judge: give --target=URL, or --profile=FILE "
        "(python -m conformance init-profile writes one)"
    )


def test_its_help_fits_on_a_screen(elsewhere: Path) -> None:
    code, said = hallmark(elsewhere, "--help")
    lines = said.splitlines()
    assert (code, lines[0].split()[:2]) == (0, ["usage:", "hallmark"])
    assert len(lines) <= 36
    assert max(map(len, lines)) <= 80
    assert "--showlocals" in hallmark(elsewhere, "--help-all")[1]


def test_it_tells_its_version_and_prints_the_schema(elsewhere: Path) -> None:
    assert hallmark(elsewhere, "--version") == (0, f"hallmark {__version__}\n")
    code, said = hallmark(elsewhere, "schema")
    assert (code, said) == (0, schema.text())
    assert hallmark(elsewhere, "init-profile")[0] == 4


def test_what_its_help_names_there_is(elsewhere: Path) -> None:
    named = set(re.findall(r"^  (--[a-z-]+)", HELP, re.MULTILINE)) - {"--help-all", "--version"}
    known = hallmark(elsewhere, "--help-all")[1]
    assert [option for option in named if f"  {option}" not in known] == []
