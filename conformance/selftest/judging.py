"""Runs the judge as its users do, in a process of its own, and reads what it wrote.

A judge takes longer to start than to judge the targets of these tests. So most runs are forks of
one warm process, which ``test_warm`` shows to be runs by themselves; how a run starts is proven by
the tests of the command line, and by those that need more of pytest's plugins.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.run.dependant import END_SECONDS
from conformance.selftest.targets import KEYS, REVOKED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
SECONDS = 120
UNPLUGGED = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""For a run that needs no plugin of others: to load them takes a third of its start."""
_TEST = "PYTEST_CURRENT_TEST"

ADMIN = "admin-token-0123456789"
"""What an administrator shows; profiles read it from KEY_ADMIN."""
PROFILE = """
[target]
url = "http://127.0.0.1/"
[tenants.a]
id = "tenant-a"
key = { env = "KEY_A" }
revoked_key = { env = "KEY_REVOKED" }
[tenants.b]
id = "tenant-b"
key = { env = "KEY_B" }
[answers]
unauthorized = { error = "unauthorized" }
[tools]
ping = "ping"
"""
BEARER = """
[headers]
api_key = "Authorization"
api_key_scheme = "Bearer"
"""
"""What makes of a profile's keys bearer tokens."""
TOKEN_PROFILE = """
[target]
url = "http://127.0.0.1/"
[headers]
api_key = "Authorization"
api_key_scheme = "Bearer"
[tenants.a]
id = "tenant-a"
key = { env = "TOKEN_A" }
expired_key = { env = "TOKEN_EXPIRED" }
[tenants.b]
id = "tenant-b"
key = { env = "TOKEN_B" }
[answers]
unauthorized = { error = "unauthorized" }
[tools]
ping = "ping"
"""
"""Of a target whose keys are bearer tokens."""


@dataclass(frozen=True)
class Judged:
    """One run: its exit code, what it printed, and its record's lines."""

    code: int
    output: str
    lines: list[dict[str, object]]
    folder: Path

    @property
    def verdicts(self) -> dict[str, str]:
        """Return each requirement's verdict."""
        return {str(one["id"]): str(one["verdict"]) for one in self.lines if "verdict" in one}

    @property
    def violations(self) -> set[str]:
        """Return the requirements whose failure fails the run."""
        failed = (one for one in self.lines if one.get("verdict") == "fail")
        return {str(one["id"]) for one in failed if one["gates"]}


class _Warm:
    """The judge that has imported all already, one for the tests of this process."""

    def __init__(self) -> None:
        self._environment: Mapping[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def runs(self, words: Sequence[str], output: Path, seconds: float) -> int | None:
        """Return the exit code of a run, None for one that took too long."""
        process = self._begun()
        assert process.stdin is not None
        assert process.stdout is not None
        order = {"words": words, "output": str(output), "seconds": seconds}
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
        answers, *_ = select.select([process.stdout], [], [], seconds + END_SECONDS + SECONDS)
        assert answers, "the warm judge does not answer"
        return json.loads(process.stdout.readline())["code"]

    def end(self) -> None:
        """End it, if it was begun."""
        process, self._process = self._process, None
        if process is not None:
            process.communicate(timeout=SECONDS)

    def _begun(self) -> subprocess.Popen[bytes]:
        """Return it, begun anew where a test has changed the environment."""
        if self._process is None or environment() != self._environment:
            self.end()
            self._environment = environment()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "conformance.run.warm"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self._process


_WARM = _Warm()
atexit.register(_WARM.end)


def judge(
    folder: Path,
    *words: str,
    profile: str | None = None,
    seconds: float = SECONDS,
    is_rendered: bool = False,
) -> Judged:
    """Run ``pytest conformance`` with some words more, for so many seconds at most.

    Documents are made of the record where they are asked for: that takes as long as a judgement.
    """
    report, output = folder / "report", folder / "output"
    words = ("conformance", "-q", f"--report={report}", *words)
    if not is_rendered:
        words += ("--record-alone",)
    if profile is not None:
        path = folder / "profile.toml"
        path.write_text(profile, encoding="utf-8")
        words += (f"--profile={path}",)
    if "-n" in words:  # a warm judge has no plugins of others
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "xdist.plugin", *words],
            cwd=ROOT,
            env={**environment(), **UNPLUGGED},
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        return read(done.returncode, done.stdout + done.stderr, report)
    code = _WARM.runs(words, output, seconds)
    if code is None:
        raise TimeoutError(f"the judge was not done in {seconds} s")
    return read(code, output.read_bytes(), report)


def read(code: int, output: bytes, report: Path) -> Judged:
    """Return a run that has ended, from what it printed and the record it wrote."""
    record = report / "run.jsonl"
    # Lines end with LF alone: other separators may stand in what a target said.
    lines = record.read_text("utf-8").split("\n")[:-1] if record.exists() else []
    words = output.decode("utf-8", "replace")
    return Judged(code, words, [json.loads(line) for line in lines], report)


def environment() -> Mapping[str, str]:
    """Return the environment of a run: the profile's keys are in it, unless a test has others."""
    key_a, key_b = KEYS
    others = {"KEY_ADMIN": ADMIN, "KEY_SPARE": "key-of-the-spare-0123456789"}
    keys = {"KEY_A": key_a, "KEY_B": key_b, "KEY_REVOKED": REVOKED}
    # Which test it is for, pytest tells; that alone makes no other environment.
    kept = {name: value for name, value in os.environ.items() if name != _TEST}
    return others | kept | keys
