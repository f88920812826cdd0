"""The command itself, as a user runs it: one short run, and mistakes that end it at once."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SECONDS = 90
TENANTS = '[tenants.a]\nid = "a"\nkey = { env = "K" }\n[tenants.b]\nid = "b"\nkey = { env = "K" }\n'


def locust(
    *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "locust", "-f", "load/locustfile.py", "--headless"]
    return subprocess.run(
        [*command, *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": "/tmp"} | (environment or {}),  # noqa: S108 -- nothing is kept there
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.slow
def test_a_short_run_against_the_reference_server_holds_every_invariant(
    tmp_path: Path,
) -> None:
    run = locust("-t", "8s", environment={"TMPDIR": str(tmp_path)})
    assert run.returncode == 0, run.stdout + run.stderr
    verdicts = [line.split()[0] for line in run.stdout.splitlines() if "  " in line.rstrip()]
    assert verdicts.count("PASS") == 4
    assert "FAIL" not in verdicts
    assert "NOT" not in verdicts
    assert not [name for name in tmp_path.iterdir() if name.name.startswith("hallmark")]
    assert not processes_naming(str(tmp_path))


def processes_naming(word: str) -> list[list[str]]:
    """Return the command lines of this machine's processes that hold a word."""
    every: Iterator[Any] = psutil.process_iter(["cmdline"])
    lines: list[list[str]] = [process.info["cmdline"] or [] for process in every]
    return [line for line in lines if any(word in argument for argument in line)]


def test_a_target_that_refuses_connections_is_never_green(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file = tmp_path / "profile.toml"
    url = f"http://127.0.0.1:{port}/mcp"
    file.write_text(f'[target]\nurl = "{url}"\n[tools]\nping = "ping"\n{TENANTS}')
    arguments = ("--profile", str(file), "-t", "2s", "--accept-unassessed")
    run = locust(*arguments, environment={"K": "a-key-of-some-length"})
    assert run.returncode == 1
    assert "none answered" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
    assert "a-key-of-some-length" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--profile", "/nowhere.toml"), "no such profile"),
        (("--host", "http://127.0.0.1:9/mcp"), "--state=FILE"),
        (("--most-requests", "0"), "give 1 or more"),
        (("--master",), "runs in one process"),
    ],
)
def test_a_mistake_ends_in_one_sentence_and_code_2(arguments: tuple[str, ...], words: str) -> None:
    run = locust(*arguments)
    assert run.returncode == 2
    assert words in run.stderr
    assert "Traceback" not in run.stderr
