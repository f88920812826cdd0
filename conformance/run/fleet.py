"""Many targets in one run: ``pytest conformance --targets=FILE [-n N]``.

Each target is one pytest item that judges it in a process of its own, into a folder of its own, so
that pytest-xdist shares them out and none can hold up, or see anything of, another. ``FILE``:

    [[target]]
    name = "staging-eu"                          # also the name of its folder
    profile = "eu.toml"                          # beside this file; or a url, or both
    url = "https://eu.staging.example.com/mcp"
    seconds = 1800                               # the longest it may take
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from pydantic import Field, ValidationError, model_validator

from conformance.model import RECORD, UNDECIDED, VIOLATION
from conformance.profile.sections import Section
from conformance.run import options as command_line
from conformance.run import terminal
from conformance.run.dependant import Dependant, end_those_of_workers
from conformance.run.interruption import broke_off
from conformance.run.rendering import render_fleet
from conformance.text.plain import flat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.run.options import Options

FLEET = "fleet.json"
SCHEMA = 1
OUTCOME = "outcome.json"
OUTPUT = "output.txt"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class FleetError(Exception):
    """The file of targets cannot be used. The message names file, target, entry and remedy."""


class Member(Section):
    """One target of a fleet. ``seconds`` is the longest that judging it may take."""

    name: str
    url: str | None = None
    profile: str | None = None
    state: str | None = None
    seconds: float = Field(default=3600, gt=0)

    @model_validator(mode="after")
    def _named(self) -> Member:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name {self.name!r} is no name of a folder: letters, digits, . _ -")
        if self.url is None and self.profile is None:
            raise ValueError("give url, or profile, or both")
        return self


@dataclass(frozen=True)
class Outcome:
    """How judging one target ended. ``words`` say what went wrong where nothing was judged."""

    name: str
    exit_code: int
    seconds: float
    words: str = ""


def load(path: Path) -> tuple[Member, ...]:
    """Read the file of targets. Raises FleetError for whatever is wrong with it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FleetError(f"{path}: no such file; --targets takes a TOML file") from None
    except (OSError, ValueError) as error:
        raise FleetError(f"{path}: is not TOML: {error}") from None
    entries: Any = document.pop("target", [])
    if document or not isinstance(entries, list) or not entries:
        raise FleetError(f"{path}: holds [[target]] tables, at least one, and nothing else")
    tables = cast("list[Any]", entries)
    found = tuple(_member(path, number, table) for number, table in enumerate(tables, 1))
    for name, count in Counter(member.name.lower() for member in found).items():
        if count > 1:
            raise FleetError(f"{path}: {count} targets are called {name!r}; names are folders")
    return found


def _member(path: Path, number: int, entry: Any) -> Member:
    try:
        return Member.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        words = str(first["msg"]).removeprefix("Value error, ")
        known = f"; known here: {', '.join(sorted(Member.model_fields))}"
        remedy = known if first["type"] == "extra_forbidden" else ""
        where = f"{path}: target {number}{f', {name}' if name else ''}"
        raise FleetError(f"{where}: {words}{remedy}") from None


PASSED_ON = (
    "--area",
    "--requirement",
    "--revision-set",
    "--require",
    "--without",
    "--patience",
    "--soak",
    "--fail-on",
)
FLAGS_PASSED_ON = ("--intrusive", "--disguise")
"""Options that hold for every target of a fleet, with a value and without."""


def configure(config: pytest.Config) -> None:
    """Put the targets in the checks' place. Raises pytest.UsageError (exit code 4)."""
    options = command_line.parse(config)
    for name in ("--target", "--profile", "--state", "--mutant"):
        if config.getoption(name):
            raise pytest.UsageError(f"{name} is of one target; --targets has it in its file")
    path = Path(str(config.getoption("--targets")))
    try:
        members = load(path)
    except FleetError as error:
        raise pytest.UsageError(str(error)) from None
    words = [f"{name}={value}" for name in PASSED_ON if (value := config.getoption(name))]
    words += [name for name in FLAGS_PASSED_ON if config.getoption(name)]
    config.option.tbstyle = "no"
    config.option.reportchars = ""
    folder = _folder(config, options)
    configured = [f"--config-file={config.inipath}", f"--rootdir={config.rootpath}"]
    fleet = Fleet(members, path.parent.resolve(), folder, words, configured)
    config.pluginmanager.register(fleet, "hallmark-fleet")


def _folder(config: pytest.Config, options: Options) -> Path:
    """Return the folder of the reports, one for all processes of a run."""
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        return Path(worker["hallmark-fleet"])
    command_line.require_room(options, config.rootpath)
    return command_line.report_folder(options, "fleet", config.rootpath).resolve()


class Fleet:
    """The pytest plugin that puts the targets in the checks' place, and tells how they ended."""

    def __init__(
        self,
        members: Sequence[Member],
        base: Path,
        folder: Path,
        words: Sequence[str],
        configured: Sequence[str] = (),
    ) -> None:
        self._members, self._base, self.folder, self._words = members, base, folder, words
        self._configured, self._has_workers = configured, False

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Collect one item a target, and no check."""
        items[:] = [
            TargetItem.from_parent(  # pyright: ignore[reportUnknownMemberType]
                session,
                name=member.name,
                seconds=member.seconds,
                command=self._command(member),
                folder=self.folder / member.name,
            )
            for member in self._members
        ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a pytest-xdist worker where the reports go."""
        node.workerinput["hallmark-fleet"] = str(self.folder)
        self._has_workers = True

    def pytest_keyboard_interrupt(self) -> None:
        """See to it that all judges have ended, with what they started, before this run does."""
        if self._has_workers:
            end_those_of_workers()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Turn the targets' exit codes into that of the run."""
        config = session.config
        if not hasattr(config, "workerinput") and not broke_off(config, exitstatus):
            session.exitstatus = self.exit_code()

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
        """Write the page of all targets, and end with a line for each."""
        if hasattr(config, "workerinput") or config.option.collectonly:
            return
        found = self.outcomes()
        self.folder.mkdir(parents=True, exist_ok=True)
        document = {"schema": SCHEMA, "targets": [asdict(outcome) for outcome in found]}
        (self.folder / FLEET).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        is_rendered = render_fleet(self.folder)
        if config.getoption("--report") is None:
            command_line.point_latest_to(self.folder)
        terminalreporter.write_sep("=", f"Hallmark: {len(found)} targets")
        for outcome in found:
            terminalreporter.write_line(_line(outcome))
        last = self.folder / ("index.html" if is_rendered else FLEET)
        terminalreporter.write_line(f"report: {last}")
        terminal.drop_closing_line(terminalreporter)

    def outcomes(self) -> list[Outcome]:
        """Return how each target ended, in the order of the file."""
        return [self._outcome(member) for member in self._members]

    def _outcome(self, member: Member) -> Outcome:
        try:
            text = (self.folder / member.name / OUTCOME).read_text(encoding="utf-8")
            return Outcome(**json.loads(text))
        except (OSError, ValueError, TypeError):
            return Outcome(member.name, UNDECIDED, 0.0, "it was not judged: the run was cut short")

    def exit_code(self) -> int:
        """Return 1 for a violation anywhere, else 6 for anything undecided or not run, else 0."""
        return worst(outcome.exit_code for outcome in self.outcomes())

    def _command(self, member: Member) -> list[str]:
        words = [f"--report={self.folder / member.name}", *self._words]
        if member.url is not None:
            words.append(f"--target={member.url}")
        for option, value in (("--profile", member.profile), ("--state", member.state)):
            if value is not None:
                words.append(f"{option}={self._base / value}")
        plain = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *self._configured]
        return [sys.executable, "-P", "-m", "pytest", str(command_line.PACKAGE), *plain, *words]


def _line(outcome: Outcome) -> str:
    words = {0: "clean", VIOLATION: "violations", UNDECIDED: "undecided"}
    said = words.get(outcome.exit_code, "not judged")
    return f"{outcome.name:<32} {said:<12} {outcome.seconds:>7.1f} s {flat(outcome.words)}"


def worst(codes: Iterable[int]) -> int:
    """Return the exit code of a fleet from those of its targets."""
    found = set(codes)
    if VIOLATION in found:
        return VIOLATION
    return UNDECIDED if found - {0} else 0


class TargetItem(pytest.Item):
    """The judgement of one target, in a process of its own."""

    def __init__(self, *, command: list[str], folder: Path, seconds: float, **more: Any) -> None:
        super().__init__(**more)  # pyright: ignore[reportUnknownMemberType]
        self._command, self._folder, self._seconds = command, folder, seconds

    def runtest(self) -> None:
        """Judge the target; raises TargetNotCleanError unless all was seen and nothing failed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / RECORD).unlink(missing_ok=True)  # of an earlier run into the same folder
        outcome = self._judged()
        (self._folder / OUTCOME).write_text(json.dumps(asdict(outcome)) + "\n", encoding="utf-8")
        if outcome.exit_code:
            raise TargetNotCleanError(f"{self.name}: {outcome.words or outcome.exit_code}")

    def _judged(self) -> Outcome:
        started = time.monotonic()
        with (
            (self._folder / OUTPUT).open("wb") as output,
            Dependant(self._command, self.config.rootpath, output) as judge,
        ):
            try:
                code = judge.process.wait(self._seconds)
            except subprocess.TimeoutExpired:
                words = f"cut short: it took longer than its {self._seconds:.0f} s"
                return Outcome(self.name, UNDECIDED, self._seconds, words)
        seconds = round(time.monotonic() - started, 1)
        is_recorded = (self._folder / RECORD).is_file()
        return Outcome(self.name, code, seconds, "" if is_recorded else self._last_words())

    def _last_words(self) -> str:
        lines = (self._folder / OUTPUT).read_text("utf-8", "replace").strip().splitlines()
        return next((line for line in reversed(lines) if line.strip()), "it said nothing")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """Return one sentence: the target's own report holds the rest."""
        del style
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where the item comes from, for pytest's own lines."""
        return self._folder, None, self.name


class TargetNotCleanError(Exception):
    """A target has violations, or something of it was not decided."""
