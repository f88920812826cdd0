"""A target that a run has started ends with it, however the run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from conformance.channels.programs import ending, running
from conformance.channels.programs.launch import Launcher
from conformance.profile.programs import Launch
from conformance.profile.target import Start
from conformance.selftest.judging import ROOT, UNPLUGGED
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

SECONDS = 60
TARGET = """
import os, pathlib, signal, socket, sys, threading
state, told, manner = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]

def tell(what, words=str(os.getpid())):
    what.with_suffix(".new").write_text(words)
    what.with_suffix(".new").replace(what)

def end_slowly(*_):
    tell(told.with_name("asked"))
    threading.Event().wait(3)
    os._exit(0)

if manner == "slow":
    signal.signal(signal.SIGTERM, end_slowly)
with socket.create_server(("127.0.0.1", 0)) as silent:
    if manner != "never":
        tell(state, '{"url": "http://127.0.0.1:%d/mcp"}' % silent.getsockname()[1])
    tell(told)
    while True:
        silent.accept()[0].recv(1)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals there"),
]


@pytest.fixture(autouse=True)
def heard() -> Generator[None]:
    """Ignore no request to end: what is started here would inherit that, as in a shell's ``&``."""
    ignored = [one for one in ending.REQUESTS if signal.getsignal(one) is signal.SIG_IGN]
    for one in ignored:
        signal.signal(one, signal.SIG_DFL)
    yield
    for one in ignored:
        signal.signal(one, signal.SIG_IGN)


@pytest.fixture
def told(tmp_path: Path) -> Generator[Path]:
    """Where the target tells its process id; whatever a test left of it is ended."""
    path = tmp_path / "pid"
    yield path
    if path.exists() and runs(path):
        os.kill(int(path.read_text()), signal.SIGKILL)


def runs(told: Path) -> bool:
    """Tell whether the target still runs; one that nobody has reaped does not."""
    try:
        return psutil.Process(int(told.read_text())).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def started(tmp_path: Path, told: Path, manner: str, *, wrapped: bool = False) -> list[str]:
    """Return the command of a target that answers nothing, and ends in one manner or another."""
    script, wrapper = tmp_path / "target.py", tmp_path / "target.sh"
    script.write_text(TARGET, "utf-8")
    command = ["{python}", str(script), "{state}", str(told), manner]
    if not wrapped:
        return command
    wrapper.write_text('"$@"\nexit $?\n', "utf-8")
    return ["/bin/sh", str(wrapper), *command]


def judging(tmp_path: Path, command: list[str]) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Start a run whose target is started by this command."""
    return judge_with(tmp_path, f"--profile={profile_of(tmp_path, command)}")


def profile_of(tmp_path: Path, command: list[str]) -> Path:
    """Write the profile of a target that is started by this command."""
    profile = tmp_path / "profile.toml"
    url = '[target]\nurl = { state = "url" }\n'
    start = f"[start]\ncommand = {command}\nready_seconds = 300\n"
    profile.write_text(f"{url}{start}", "utf-8")
    return profile


@contextmanager
def judge_with(tmp_path: Path, *words: str) -> Generator[subprocess.Popen[bytes]]:
    """Start a run with these words; it ends with the block, whatever a test left of it."""
    plain = [sys.executable, "-m", "pytest", "conformance", "-q", "-p", "no:cacheprovider"]
    alone = {} if "-n" in words else UNPLUGGED
    with (tmp_path / "said").open("wb") as said:
        run = subprocess.Popen(
            [*plain, f"--report={tmp_path / 'report'}", *words],
            cwd=ROOT,
            stdout=said,
            stderr=said,
            env={**os.environ, **alone, "TMPDIR": str(tmp_path)},
        )
    try:
        yield run
    finally:
        run.kill()
        run.wait()


@pytest.mark.parametrize("word", ending.REQUESTS)
@pytest.mark.parametrize("manner", ["ready", "never"])
def test_a_run_that_is_ended_ends_its_target(
    tmp_path: Path, told: Path, word: signal.Signals, manner: str
) -> None:
    """Once while it is asked its first question, once while it is still awaited."""
    with judging(tmp_path, started(tmp_path, told, manner)) as judge:
        assert wait_for(told.exists, SECONDS)
        judge.send_signal(word)
        assert judge.wait(SECONDS) == 2, (tmp_path / "said").read_text()
    assert not runs(told)
    assert not list(tmp_path.glob("hallmark-*"))


INTERRUPTED = """
import contextlib, signal

class Finalized:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

def lost():
    Finalized()

def changed():
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    raise TypeError("what an interrupt has become")

def ignored():
    from conformance.channels.programs import ending
    with ending.undisturbed():
        signal.raise_signal(signal.SIGTERM)

def at_once():
    signal.raise_signal(signal.SIGINT)

def pytest_sessionstart(session):
    if not hasattr(session.config, "workerinput"):
        {at_start}()

def pytest_keyboard_interrupt():
    {at_interrupt}()
"""


@pytest.mark.parametrize("manner", ["lost", "changed", "ignored"])
@pytest.mark.parametrize("is_handled", [False, True])
def test_a_request_counts_whatever_becomes_of_the_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manner: str, *, is_handled: bool
) -> None:
    """Wherever it breaks into, be that what pytest does about an interrupt before."""
    at_start, at_interrupt = ("at_once", manner) if is_handled else (manner, "bool")
    words = breaking(tmp_path, monkeypatch, at_start, at_interrupt)
    with judge_with(tmp_path, *words) as judge:
        assert judge.wait(SECONDS) == 2, (tmp_path / "said").read_text()


@pytest.mark.parametrize("more", [(), ("-n", "1")])
def test_no_check_is_made_once_a_request_has_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    """With workers, it is the process that gave them the checks that was asked."""
    words = breaking(tmp_path, monkeypatch, "lost", "bool")
    with judge_with(tmp_path, *words, *more) as judge:
        assert judge.wait(SECONDS) == 2, (tmp_path / "said").read_text()
    assert "the target does not answer" not in (tmp_path / "said").read_text()


def breaking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_start: str, at_interrupt: str
) -> tuple[str, ...]:
    """Return the words of a run that gets a request at its start, and when it is interrupted."""
    code = INTERRUPTED.format(at_start=at_start, at_interrupt=at_interrupt)
    (tmp_path / "breaking.py").write_text(code, "utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    return ("--target=http://127.0.0.1:1/mcp", "--requirement=MCP-10", "-p", "breaking")


@pytest.mark.parametrize("further", [signal.SIGTERM, signal.SIGINT])
def test_no_further_signal_breaks_into_the_end(
    tmp_path: Path, told: Path, further: signal.Signals
) -> None:
    with judging(tmp_path, started(tmp_path, told, "slow")) as judge:
        assert wait_for(told.exists, SECONDS)
        judge.send_signal(signal.SIGINT)
        assert wait_for((tmp_path / "asked").exists, SECONDS)
        judge.send_signal(further)
        assert judge.wait(SECONDS) == 2
    assert not runs(told)
    assert "Traceback" not in (tmp_path / "said").read_text()


@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("more", [(), ("-n", "2")])
def test_a_fleet_that_is_ended_ends_its_judges_and_their_targets(
    tmp_path: Path, told: Path, word: signal.Signals, more: tuple[str, ...]
) -> None:
    """Even one that is killed: its judges notice, and end a little later.

    By itself none of them would end soon: the target is awaited.
    """
    profile_of(tmp_path, started(tmp_path, told, "never"))
    targets = tmp_path / "fleet.toml"
    targets.write_text('[[target]]\nname = "one"\nprofile = "profile.toml"\n', "utf-8")
    with judge_with(tmp_path, f"--targets={targets}", *more) as fleet:
        assert wait_for(told.exists, SECONDS)
        family = psutil.Process(fleet.pid).children(recursive=True)
        fleet.send_signal(word)
        assert fleet.wait(SECONDS) == (-word if word == signal.SIGKILL else 2)
    _, left = psutil.wait_procs(family, SECONDS if word == signal.SIGKILL else 2)
    assert not [process for process in left if process.status() != psutil.STATUS_ZOMBIE]
    assert not runs(told)


def test_what_a_script_has_started_ends_too(tmp_path: Path, told: Path) -> None:
    command = started(tmp_path, told, "ready", wrapped=True)
    target = running.start(Start(command=tuple(command)), tmp_path)
    assert wait_for(told.exists, SECONDS)
    assert runs(told)
    target.stop()
    assert not runs(told)


def test_what_a_script_of_the_launch_channel_has_started_ends_too(
    tmp_path: Path, told: Path
) -> None:
    command = [
        str(tmp_path / "state") if word == "{state}" else word.replace("{python}", sys.executable)
        for word in started(tmp_path, told, "ready", wrapped=True)
    ]
    (tmp_path / "secrets").mkdir()
    secrets = str(tmp_path / "secrets")
    channel = Launch(command=tuple(command), secrets_dir=secrets, required_secrets=())
    with Launcher(channel).start():
        assert wait_for(told.exists, SECONDS)
        assert runs(told)
    assert not runs(told)


def test_what_does_not_heed_a_request_is_killed(
    tmp_path: Path, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "STOP_SECONDS", 0.2)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    target = running.start(Start(command=tuple(started(tmp_path, told, "slow"))), tmp_path)
    assert wait_for(told.exists, SECONDS)
    target.stop()
    target.stop()  # again, in vain and without harm
    assert not runs(told)
    assert not list(tmp_path.glob("hallmark-*"))


def test_signals_are_heeded_again_after_the_end() -> None:
    before = [signal.getsignal(number) for number in ending.REQUESTS]
    with ending.undisturbed() as came:
        for number in ending.REQUESTS:
            signal.raise_signal(number)
    assert came == list(ending.REQUESTS)
    assert [signal.getsignal(number) for number in ending.REQUESTS] == before


def test_a_request_is_heard_by_every_block_that_it_finds() -> None:
    with ending.undisturbed() as outer, ending.undisturbed() as inner:
        signal.raise_signal(signal.SIGTERM)
    assert outer == inner == [signal.SIGTERM]
