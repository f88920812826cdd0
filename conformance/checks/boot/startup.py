"""BOOT: what the server does before it opens a port."""

from __future__ import annotations

import ipaddress
import signal
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.gate import Gate
from conformance.channels.http.traffic import named_traffic
from conformance.channels.programs.launch import settle_watched
from conformance.profile.events import Event
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish
from conformance.waiting import SILENT_SECONDS, beside, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sized

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.programs.launch import Launched, Launcher
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys

SHORTEST = 32
"""Characters of a secret that signs (BOOT-02)."""
OPEN_TO_OTHERS = 0o644
LAST_WORD = 25
"""Answered requests after which the process is told to end."""
CLOSING_SECONDS = 1.0
"""What a process that was told to end may take to close its port; what was begun waits so long."""


def _missing(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _blank(path: Path) -> None:
    path.write_bytes(b" \n")


def _unreadable(path: Path) -> None:
    """Make it a folder: that cannot be read by the superuser either."""
    path.unlink()
    path.mkdir()


SPOILT: dict[str, Callable[[Path], None]] = {
    "missing": _missing,
    "empty": _empty,
    "blank": _blank,
    "unreadable": _unreadable,
}


def _spoil(how: str, name: str, folder: Path) -> None:
    SPOILT[how](folder / name)


@dataclass(frozen=True)
class GoodStart:
    """A process that serves, and what was said of a secret whose file is too open.

    The process said it, where it serves with that file all the same.
    """

    process: Launched
    exposed: str
    said: str = ""

    def told(self) -> str:
        """Return what was said of the file."""
        return self.said or self.process.output()


@pytest.fixture(scope="module")
def good(session_launcher: Launcher) -> Iterator[GoodStart]:
    """A process with all its secrets, which serves.

    Where it does not serve with an open file, one starts without: it may refuse such files always.
    """
    exposed = session_launcher.channel.required_secrets[0]

    def alter(folder: Path) -> None:
        (folder / exposed).chmod(OPEN_TO_OTHERS)

    with session_launcher.start(alter) as process:
        settle_watched([process])
        if process.settle() is None:
            yield GoodStart(process, exposed)
            return
        said = process.ending()
    with session_launcher.start() as process:
        settle_watched([process])
        establish(process.settle() is None, f"the server starts: {process.output()[-300:]}")
        yield GoodStart(process, exposed, said)


@dataclass(frozen=True)
class Attempt:
    """A start with one secret spoilt: how it ended, and what it was seen to open before."""

    what: str
    is_refused: bool
    ending: str
    opened: frozenset[str]


@pytest.fixture(scope="module")
def attempts(session_launcher: Launcher, good: GoodStart) -> list[Attempt]:
    """Start with each secret spoilt in each way, one at a time; with all of them it serves."""
    establish(good.process.is_serving(), "the server serves with all its secrets")
    made: list[Attempt] = []
    for name in session_launcher.channel.required_secrets:
        with ExitStack() as stack:
            started = {
                how: stack.enter_context(session_launcher.start(partial(_spoil, how, name)))
                for how in SPOILT
            }
            settle_watched([*started.values()])
            made += [_attempt(process, name, how) for how, process in started.items()]
    return made


def _attempt(process: Launched, name: str, how: str) -> Attempt:
    is_refused, opened = _refused(process, name), frozenset(process.seen_open)
    return Attempt(f"{name} {how}", is_refused, process.ending(), opened)


def _refused(process: Launched, *words: str) -> bool:
    """Tell whether a process ended by itself, with an error that has the words in it."""
    code, output = process.settle(may_be_half_open=True), process.output()
    return code not in {None, 0} and all(word in output for word in words)


def _supplied(value: Sized, name: str) -> None:
    if not value:
        raise NotAssessedError(f"supply the profile's channels.launch.{name}")


@requirement("BOOT-01")
def test_without_a_required_secret_the_server_does_not_start(attempts: list[Attempt]) -> None:
    """With all secrets it starts; each is then spoilt in each way, one at a time."""
    wrong = [f"{one.what}: {one.ending}" for one in attempts if not one.is_refused]
    assert not wrong, (
        "with a spoilt secret the server did not end with an error that names it: "
        f"{'; '.join(wrong)}"
    )


@requirement("BOOT-01")
def test_without_a_required_secret_no_port_is_opened(
    attempts: list[Attempt], good: GoodStart
) -> None:
    """By the kernel's table of sockets, which shows the port of a server that does start.

    Of one that a container or another machine runs, it shows nothing.
    """
    seen = {place.rpartition(":")[2] for place in good.process.seen_open}
    if str(good.process.port) not in seen:
        raise NotAssessedError("what the command of [channels.launch] listens on cannot be seen")
    opened = [f"{one.what}: {', '.join(sorted(one.opened))}" for one in attempts if one.opened]
    assert not opened, f"with a spoilt secret the server listened all the same: {'; '.join(opened)}"


@requirement("BOOT-01")
def test_the_error_never_holds_a_secret(launcher: Launcher) -> None:
    """One secret is missing; the others were read, and must not be told."""
    first, *others = launcher.channel.required_secrets
    values: dict[str, str] = {}

    def remove(folder: Path) -> None:
        values.update((name, (folder / name).read_text("utf-8").strip()) for name in others)
        _missing(folder / first)

    with launcher.start(remove) as process:
        establish(process.settle() is not None, "the server does not start")
        output = process.output()
    told = [name for name, value in values.items() if value in output]
    assert not told, f"the output of the process holds the value of {', '.join(told)}"


@requirement("BOOT-05")
def test_the_server_listens_on_loopback_by_default(good: GoodStart) -> None:
    """Read from the kernel's socket table, for the process and its children."""
    listening = good.process.listening()
    establish(listening, "the process listens somewhere")
    exposed = [found for found in listening if not ipaddress.ip_address(found).is_loopback]
    assert not exposed, f"by default the server listens on {', '.join(sorted(exposed))}"


@requirement("BOOT-02")
def test_a_short_signing_secret_is_refused(launcher: Launcher, good: GoodStart) -> None:
    """Each is cut to one character less than the least; at its own length the server serves."""
    _supplied(launcher.channel.signing_secrets, "signing_secrets")
    establish(good.process.is_serving(), "the server serves with whole secrets")
    wrong: list[str] = []
    for name in launcher.channel.signing_secrets:
        with launcher.start(partial(_cut, name)) as process:
            if not _refused(process, name):
                wrong.append(f"{name}: {process.ending()}")
    assert not wrong, (
        f"with a signing secret cut to {SHORTEST - 1} characters the server did not end with an "
        f"error that names it: {'; '.join(wrong)}"
    )


def _cut(name: str, folder: Path) -> None:
    whole = (folder / name).read_text("utf-8").strip()
    (folder / name).write_text(whole[: SHORTEST - 1], "utf-8")


@requirement("BOOT-03")
def test_no_secret_is_taken_from_the_environment(launcher: Launcher, good: GoodStart) -> None:
    """The file is gone and its value stands in the environment, under the names one would try.

    A server that starts without the value as well has it from elsewhere, which is for BOOT-01.
    """
    establish(good.process.is_serving(), "the server serves with secrets from files")
    wrong: list[str] = []
    for name in launcher.channel.required_secrets:
        value = (Path(launcher.channel.secrets_dir) / name).read_text("utf-8").strip()
        names = (name, f"MCP_{name}", f"HALLMARK_{name}", f"APP_{name}")
        environment = dict.fromkeys(names, value)
        spoil = partial(_spoil, "missing", name)
        with launcher.start(spoil, environment=environment) as process:
            if _refused(process):
                continue
            ending = process.ending()
        with launcher.start(spoil) as without:
            establish(_refused(without), f"without {name} anywhere the server does not start")
        wrong.append(f"{name}: {ending}")
    assert not wrong, (
        "with a secret in the environment alone the server did not end with an error: "
        f"{'; '.join(wrong)}"
    )


@requirement("BOOT-04")
def test_an_open_secret_file_is_refused_in_strict_mode(launcher: Launcher, good: GoodStart) -> None:
    """The same files that are merely warned of otherwise: the mode alone explains the refusal."""
    _supplied(launcher.channel.strict_modes, "strict_modes")
    establish(good.process.is_serving(), "the server serves in its own mode")
    name = launcher.channel.required_secrets[0]

    def expose(folder: Path) -> None:
        (folder / name).chmod(OPEN_TO_OTHERS)

    with launcher.start(expose, more=launcher.channel.strict_modes) as process:
        assert _refused(process, name), (
            f"a secret file that others may read was not refused by its name: {process.ending()}"
        )


@requirement("BOOT-04")
def test_an_open_secret_file_is_warned_of_or_refused(good: GoodStart) -> None:
    """Started with it or not, the process has said which file others can read."""
    establish(good.process.is_serving(), "the server serves")
    assert good.exposed in good.told(), (
        f"the server's output does not name {good.exposed}, whose mode is {OPEN_TO_OTHERS:o}"
    )


@requirement("BOOT-06")
def test_without_a_usable_database_the_server_does_not_start(
    launcher: Launcher, good: GoodStart
) -> None:
    """The database alone differs; the error is a sentence, not the server's insides."""
    commands = launcher.channel.unusable_databases
    _supplied(commands, "unusable_databases")
    establish(good.process.is_serving(), "the server serves with its database")
    wrong: list[str] = []
    for what, command in commands.items():
        with launcher.start(command=command) as process:
            refused, output = _refused(process), process.output()
            if not refused or not output.strip() or "Traceback" in output:
                wrong.append(f"{what}: {process.ending()}")
    assert not wrong, (
        "with an unusable database the server did not end with an error, or was silent, or showed "
        f"a traceback: {'; '.join(wrong)}"
    )


@requirement("BOOT-07")
def test_sigterm_loses_nothing_that_was_asked_or_answered(
    good: GoodStart, wire: Wire, keys: Keys, auditor: AuditReader
) -> None:
    """SIGTERM in the middle of traffic: the process ends by itself, and the trail knows it all.

    One request is under way: its head was sent before all others, its body comes after SIGTERM.
    """
    line, gate = wire.at(good.process.url(wire.path)), Gate(2, sends_heads=True)
    traffic, begun = named_traffic(line, keys.active), list["Answer"]()

    def ask(_: Callable[[], bool]) -> None:
        begun.append(line.derived(gate=gate).knock(keys.active))

    def end() -> int | None:
        establish(gate.waiting == 1, "a request is under way at SIGTERM")
        good.process.ask_to_end()
        wait_for(lambda: not good.process.accepts(), CLOSING_SECONDS)
        gate.open()
        return good.process.end()

    with beside(ask, "the answer to a request that was under way", SILENT_SECONDS):
        establish(wait_for(lambda: gate.waiting == 1, CLOSING_SECONDS), "a request's head is sent")
        code = traffic.until(LAST_WORD, end)
    establish(len(traffic.answered) >= LAST_WORD, "requests were answered before SIGTERM")
    lost = auditor.unwritten(Event.AUTH_SUCCESS, traffic.answered)
    assert code is not None, "the process had to be killed"
    assert code in {0, -signal.SIGTERM, 128 + signal.SIGTERM}, (
        f"after SIGTERM the exit code was {code}"
    )
    assert not lost, f"{len(lost)} of {len(traffic.answered)} answered requests have no row"
    assert begun[0].succeeded or begun[0].status == HTTPStatus.SERVICE_UNAVAILABLE, (
        f"a request whose head came before SIGTERM and its body after was answered {begun[0]}"
    )
