"""The command line of the judge: declared, parsed, and refused with a sentence."""

from __future__ import annotations

import os
import shlex
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.catalogue import areas, released, requirements
from conformance.model import Channel, Impact

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.model import Requirement

PACKAGE = Path(__file__).parents[1]
INSTALLED = PACKAGE / "hallmark.ini"
"""The configuration of a run that the command ``hallmark`` makes."""
DEFAULT_PROFILE = Path("fixtures/targets/reference.toml")
_ROOM = 4 * 1024 * 1024
"""Bytes that must be free for a report: a full run's takes about so many."""
SOAKED = "RLS-08"
"""The requirement that ``--soak`` prolongs."""
_LONGEST_SOAK = 24 * 60
PYTEST_BROKE = frozenset({2, 3, 4})
"""Exit codes of pytest's own: interrupted, internal error, wrong usage. No verdict changes them."""


@dataclass(frozen=True)
class Options:
    """One run's options, checked."""

    url: str | None
    profile: Path | None
    state: Path | None
    areas: frozenset[str]
    requirements: frozenset[str]
    mutant: str | None
    report: Path | None
    required: frozenset[str]
    without: frozenset[Channel]
    is_intrusive: bool
    patience: float
    revision_set: str | None = None
    fail_on: Impact | None = None
    is_record_alone: bool = False
    is_disguised: bool = False
    soak: float = 0.0
    command: tuple[str, ...] = ("pytest", "conformance")

    @property
    def soak_seconds(self) -> float:
        """How long concurrent reads go on; ``soak`` has it in minutes."""
        return 60 * self.soak

    def selects(self, requirement: Requirement) -> bool:
        """Tell whether the run is to judge a requirement."""
        if self.revision_set and requirement.id not in released()[self.revision_set]:
            return False
        if self.requirements:
            return requirement.id in self.requirements
        return not self.areas or requirement.area in self.areas

    def rerun(self, requirement_id: str) -> str:
        """Return the command that judges one requirement again."""
        words = [*self.command, f"--requirement={requirement_id}"]
        words += [f"--target={self.url}"] if self.url else []
        words += [f"--profile={self.profile}"] if self.profile else []
        words += [f"--state={self.state}"] if self.state else []
        words += [f"--mutant={self.mutant}"] if self.mutant else []
        words += [f"--without={','.join(sorted(self.without))}"] if self.without else []
        words += ["--disguise"] if self.is_disguised else []
        words += [f"--soak={self.soak:g}"] if self.soak and requirement_id == SOAKED else []
        return shlex.join(words)


def add_options(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("hallmark", "judging the security of an MCP server")
    _add_scope(group)
    _add_conduct(group)
    _add_ending(group)


def _add_scope(group: pytest.OptionGroup) -> None:
    """Declare what is judged, and by what."""
    group.addoption("--target", metavar="URL", help="MCP endpoint of a running server")
    group.addoption(
        "--targets", metavar="FILE", help="judge many servers: a TOML file of [[target]] tables"
    )
    group.addoption(
        "--profile", metavar="FILE", help="TOML file that describes the server to judge"
    )
    group.addoption(
        "--state", metavar="FILE", help="file that { state = … } in the profile refers to"
    )
    group.addoption(
        "--mutant", metavar="NAME", help="start and judge this mutant of the reference server"
    )
    group.addoption("--area", metavar="A,B", help="judge only these areas")
    group.addoption("--requirement", metavar="ID,ID", help="judge only these requirements")
    group.addoption(
        "--revision-set",
        metavar="NAME",
        help="judge exactly what that release judged, for example 0.1",
    )
    group.addoption(
        "--without", metavar="A,B", help="ignore these channels, even if the profile supplies them"
    )


def _add_conduct(group: pytest.OptionGroup) -> None:
    """Declare how a run goes about it."""
    group.addoption(
        "--dry-run",
        action="store_true",
        help="send nothing; print what a run would send, by requirement",
    )
    group.addoption(
        "--disguise",
        action="store_true",
        help="look like a common client, for a server that may know its judge",
    )
    group.addoption(
        "--intrusive",
        action="store_true",
        help="away from loopback: also exhaust limits, block addresses, move the clock",
    )
    group.addoption(
        "--patience",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="longest real wait of one check if there is no clock channel (default 0)",
    )
    group.addoption(
        "--soak",
        type=float,
        default=0.0,
        metavar="MINUTES",
        help=f"{SOAKED} goes on reading for so long, wide and with silences, in this one run",
    )
    group.addoption(
        "--check-profile",
        action="store_true",
        help="contact nothing; say what could be judged, and what the rest is missing",
    )


def _add_ending(group: pytest.OptionGroup) -> None:
    """Declare what a run writes and how it ends."""
    group.addoption("--report", metavar="DIR", help="folder for the run record and the reports")
    group.addoption(
        "--record-alone", action="store_true", help="write the run record only, no reports"
    )
    group.addoption(
        "--require",
        metavar="A,B",
        help="fail the run if anything in these areas stays undecided or unseen",
    )
    group.addoption(
        "--fail-on",
        metavar="LEVEL",
        help="least impact that fails the run: critical, high, medium or low; "
        "default: all but hardening of low impact",
    )


def is_judging(config: pytest.Config) -> bool:
    """Tell whether this pytest run judges a target, rather than testing the suite itself."""
    for argument in config.args:
        path = Path(str(argument).split("::", maxsplit=1)[0]).resolve()
        if path == PACKAGE or PACKAGE / "checks" in (path, *path.parents):
            return True
    return False


def parse(config: pytest.Config) -> Options:
    """Return the run's options. Raises pytest.UsageError (exit code 4) for a bad value."""
    value: Callable[..., Any] = config.getoption
    url: str | None = value("--target")
    if url is not None and not url.lower().startswith(("http://", "https://")):
        raise pytest.UsageError(f"--target={url}: give an http or https URL of an MCP endpoint")
    if url is not None and value("--mutant"):
        raise pytest.UsageError("--mutant starts a server of its own; leave out --target")
    patience = float(value("--patience"))
    if patience < 0:
        raise pytest.UsageError(f"--patience={patience}: give seconds, 0 or more")
    soak = float(value("--soak"))
    if not 0 <= soak <= _LONGEST_SOAK:
        raise pytest.UsageError(f"--soak={soak:g}: give minutes, 0 to {_LONGEST_SOAK}")
    options = Options(
        url=url,
        profile=_path(value("--profile")),
        state=_path(value("--state")),
        areas=_areas("--area", value("--area")),
        requirements=_requirements(value("--requirement")),
        mutant=value("--mutant"),
        report=_path(value("--report")),
        required=_areas("--require", value("--require")),
        without=_channels(value("--without")),
        is_intrusive=bool(value("--intrusive")),
        patience=patience,
        revision_set=_revision_set(value("--revision-set")),
        fail_on=_impact(value("--fail-on")),
        is_record_alone=bool(value("--record-alone")),
        is_disguised=bool(value("--disguise")),
        soak=soak,
        command=("hallmark",) if config.inipath == INSTALLED else Options.command,
    )
    _require_agreement(options)
    return options


def _require_agreement(options: Options) -> None:
    """Raise pytest.UsageError where one option takes away what another one asks for."""
    for name in sorted(options.requirements):
        if not options.selects(requirements()[name]):
            raise pytest.UsageError(
                f"--requirement={name}: is not in --revision-set={options.revision_set}"
            )
        if options.areas and requirements()[name].area not in options.areas:
            raise pytest.UsageError(
                f"--requirement={name}: is not in --area={','.join(sorted(options.areas))}"
            )
    if options.soak and not options.selects(requirements()[SOAKED]):
        raise pytest.UsageError(f"--soak prolongs {SOAKED}, which other options leave out")
    judged = {entry.area for entry in requirements().values() if options.selects(entry)}
    for area in sorted(options.required - judged):
        raise pytest.UsageError(f"--require={area}: the other options leave nothing of it to judge")


def _revision_set(name: str | None) -> str | None:
    if name is not None and name not in released():
        raise pytest.UsageError(
            f"--revision-set={name}: no such set; there are {', '.join(released())}"
        )
    return name


def _impact(name: str | None) -> Impact | None:
    if name is None:
        return None
    if name not in set(Impact):
        raise pytest.UsageError(f"--fail-on={name}: no such level; there are {', '.join(Impact)}")
    return Impact(name)


def _channels(text: str | None) -> frozenset[Channel]:
    names = frozenset((text or "").split(",")) - {""}
    for name in sorted(names - set(Channel)):
        raise pytest.UsageError(
            f"--without={name}: no such channel; there are {', '.join(Channel)}"
        )
    return frozenset(map(Channel, names))


def _requirements(text: str | None) -> frozenset[str]:
    names = frozenset(_names("--requirement", text))
    for name in sorted(names - requirements().keys()):
        raise pytest.UsageError(f"--requirement={name}: no such requirement; ids look like AUTH-01")
    return names


def report_folder(options: Options, target_name: str, root: Path) -> Path:
    """Return the folder of this run's report; by default one named after time and target."""
    if options.report is not None:
        return options.report
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")  # noqa: TID251 -- the wall clock names a folder
    name = "".join(letter if letter.isalnum() else "-" for letter in target_name)[:40].strip("-")
    return _default_parent(root) / f"{stamp}-{name.lower() or 'target'}"


def point_latest_to(folder: Path) -> None:
    """Let ``latest``, beside a folder of reports, lead to it. Raises OSError."""
    latest, new = folder.parent / "latest", folder.parent / f".latest-{os.getpid()}"
    new.unlink(missing_ok=True)
    new.symlink_to(folder.name)
    new.replace(latest)


def require_room(options: Options, root: Path) -> None:
    """Raise pytest.UsageError where there is no room for the report of a run.

    That is found out before the run: afterwards its verdicts would be on the terminal alone.
    """
    given, usual = options.report, _default_parent(root)
    if why := _unwritable(given or usual, _ROOM):
        raise pytest.UsageError(
            f"--report={given}: cannot be written: {why}; give a folder of your own"
            if given
            else f"{usual} cannot be written: {why}; give a folder of your own by --report=DIR"
        )


def _default_parent(root: Path) -> Path:
    return root / "reports" / "out"


def _path(value: str | None) -> Path | None:
    return Path(value) if value else None


def _unwritable(folder: Path, room: int) -> str:
    """Return why a folder, made if need be, cannot take so many bytes; nothing where it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(room))  # a full disk still takes an empty file
            probe.flush()
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def _names(option: str, value: str | None) -> list[str]:
    """Return what an option lists; an option that lists nothing may be a variable left empty."""
    names = [name.strip() for name in (value or "").split(",") if name.strip()]
    if value is not None and not names:
        raise pytest.UsageError(f"{option}={value}: names nothing; leave it out to have all")
    return names


def _areas(option: str, value: str | None) -> frozenset[str]:
    names = frozenset(name.upper() for name in _names(option, value))
    if unknown := names - set(areas()):
        raise pytest.UsageError(
            f"{option}={value}: no such area: {', '.join(sorted(unknown))}; "
            f"there are {', '.join(areas())}"
        )
    return names
