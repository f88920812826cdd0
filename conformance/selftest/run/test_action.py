"""The scripts of the GitHub action, run as its steps run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.selftest.judging import UNPLUGGED

PACKAGE = Path(__file__).parents[2]
SCRIPTS = PACKAGE / "action"
SECONDS = 120


@dataclass(frozen=True)
class Done:
    """What a step left behind: its exit code, its outputs, and what it wrote for the job."""

    code: int
    words: str
    outputs: dict[str, str]
    summary: str
    environment: str


@dataclass(frozen=True)
class Job:
    """A job's folders, and the files through which its steps speak."""

    folder: Path

    def run(self, script: str, **inputs: str) -> Done:
        """Run one script of the action as a step, with inputs as variables."""
        files = {name: self.folder / name for name in ("output", "summary", "env")}
        for path in files.values():
            path.touch()
        (self.folder / "workspace").mkdir(exist_ok=True)
        installed = self.folder / "hallmark"
        if not installed.exists():
            installed.symlink_to(sys.prefix)  # what install.sh makes
        done = subprocess.run(
            ["/bin/bash", str(SCRIPTS / script)],
            env={
                "PATH": os.defpath,
                "HOME": str(self.folder),
                "GITHUB_ACTION_PATH": str(PACKAGE),
                "GITHUB_WORKSPACE": str(self.folder / "workspace"),
                "GITHUB_OUTPUT": str(files["output"]),
                "GITHUB_STEP_SUMMARY": str(files["summary"]),
                "GITHUB_ENV": str(files["env"]),
                "RUNNER_TEMP": str(self.folder),
                **UNPLUGGED,
                **inputs,
            },
            cwd=self.folder,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        lines = files["output"].read_text().splitlines()
        return Done(
            done.returncode,
            (done.stdout + done.stderr).decode(),
            dict(line.split("=", 1) for line in lines),
            files["summary"].read_text(),
            files["env"].read_text(),
        )

    def judge(self, **inputs: str) -> Done:
        """Run the step that judges, with the action's defaults for what is not given."""
        names = (
            *("TARGET", "TARGETS", "PROFILE", "AREA", "REQUIRE"),
            *("WITHOUT", "FAIL_ON", "PATIENCE", "SOAK", "REVISION_SET"),
        )
        defaults = {
            **dict.fromkeys(names, ""),
            "INTRUSIVE": "false",
            "DISGUISE": "false",
            "REPORT": "out",
        }
        return self.run("judge.sh", **{**defaults, **inputs})


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_a_dead_target_is_code_6_with_a_summary_and_the_step_goes_on(job: Job) -> None:
    done = job.judge(TARGET="http://127.0.0.1:9/mcp", AREA="AUTH")
    assert done.code == 0, done.words
    assert done.outputs["exit-code"] == "6"
    report = Path(done.outputs["report"])
    assert report == job.folder / "workspace" / "out"
    assert (report / "report.html").is_file()
    assert "inconclusive" in done.summary


def test_every_input_reaches_the_judge(job: Job) -> None:
    done = job.judge(
        TARGET="http://127.0.0.1:9/mcp",
        AREA="AUTH,TIME",
        WITHOUT="http",
        FAIL_ON="critical",
        PATIENCE="7.5",
        REVISION_SET="0.1",
        INTRUSIVE="true",
        DISGUISE="true",
    )
    assert done.code == 0, done.words
    record = Path(done.outputs["report"]) / "run.jsonl"
    command = json.loads(record.read_text().splitlines()[0])["command"]
    assert {"--without=http", "--fail-on=critical", "--patience=7.5", "--intrusive"} <= {*command}
    assert {"--area=AUTH,TIME", "--revision-set=0.1", "--disguise"} <= {*command}


def test_a_soak_reaches_the_judge(job: Job) -> None:
    done = job.judge(TARGET="http://127.0.0.1:9/mcp", AREA="RLS", SOAK="0.5")
    record = Path(done.outputs["report"]) / "run.jsonl"
    assert "--soak=0.5" in json.loads(record.read_text().splitlines()[0])["command"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FAIL_ON", "grave"),
        ("PATIENCE", "long"),
        ("SOAK", "-1"),
        ("REVISION_SET", "9"),
        ("WITHOUT", "nothing"),
    ],
)
def test_a_wrong_input_is_told_by_name(job: Job, name: str, value: str) -> None:
    done = job.judge(**{"TARGET": "http://127.0.0.1:9/mcp", name: value})
    assert done.outputs["exit-code"] == "4"
    assert f"--{name.lower().replace('_', '-')}" in done.words


@pytest.mark.slow
def test_many_targets_stand_on_one_page(job: Job) -> None:
    (job.folder / "workspace").mkdir()
    targets = job.folder / "workspace" / "targets.toml"
    targets.write_text(
        "".join(f'[[target]]\nname = "{n}"\nurl = "http://127.0.0.1:9/{n}"\n' for n in "ab")
    )
    done = job.judge(TARGETS="targets.toml", AREA="AUTH")
    assert done.code == 0, done.words
    assert done.outputs["exit-code"] == "6"
    assert (Path(done.outputs["report"]) / "index.html").is_file()
    assert "| a |" in done.summary


def test_an_input_is_never_a_command(job: Job) -> None:
    hostile = 'http://127.0.0.1:9/mcp"; touch pwned; $(touch pwned) `touch pwned`'
    done = job.judge(TARGET=hostile, AREA=";touch pwned", REQUIRE="$(touch pwned)")
    assert done.outputs["exit-code"] == "4"
    assert not list(job.folder.rglob("pwned"))


def test_without_a_target_and_a_profile_the_step_fails_with_a_sentence(job: Job) -> None:
    done = job.judge()
    assert done.code == 4
    assert "::error title=Hallmark::Give the input target" in done.words


@pytest.mark.parametrize(
    ("gate", "passing"),
    [("violations", {"0", "6"}), ("undecided", {"0"}), ("nothing", {"0", "1", "6"})],
)
def test_the_gate_decides_which_codes_fail_the_job(job: Job, gate: str, passing: set[str]) -> None:
    for code in ("0", "1", "2", "3", "4", "5", "6"):
        done = job.run("gate.sh", GATE=gate, CODE=code)
        assert done.code == (0 if code in passing else int(code)), done.words


def test_an_unknown_gate_and_a_missing_code_fail(job: Job) -> None:
    assert job.run("gate.sh", GATE="green", CODE="0").code == 4
    assert job.run("gate.sh", GATE="nothing", CODE="").code == 4


def test_secrets_become_masked_variables(job: Job) -> None:
    done = job.run("environment.sh", ENTRIES="A_KEY=one=1\r\n\nB=two\nEMPTY=\n")
    assert done.code == 0
    assert done.environment == "A_KEY=one=1\nB=two\nEMPTY=\n"
    assert done.words.splitlines() == ["::add-mask::one=1", "::add-mask::two"]


def test_a_line_that_is_no_variable_is_refused_without_being_shown(job: Job) -> None:
    done = job.run("environment.sh", ENTRIES="A=1\nthe password")
    assert done.code == 4
    assert "password" not in done.words


def test_the_reports_are_kept_whatever_becomes_of_the_upload() -> None:
    text = (PACKAGE / "action.yml").read_text()
    kept, shown, passed_on = (
        text.index(f"- name: {name}")
        for name in ("Keep the reports", "Show violations in code scanning", "Pass the verdict on")
    )
    assert kept < shown < passed_on
    assert "!cancelled()" in text[kept:shown]
    assert "!cancelled()" in text[passed_on:]


def test_the_action_names_scripts_that_are_there_and_puts_no_input_into_one() -> None:
    text = (PACKAGE / "action.yml").read_text()
    runs = re.findall(r"^ +run: (.*)", text, re.MULTILINE)
    assert runs
    for words in runs:
        named = re.fullmatch(r'bash "\$GITHUB_ACTION_PATH/action/([a-z]+\.sh)"', words)
        assert named, words
        assert (SCRIPTS / named[1]).is_file()
