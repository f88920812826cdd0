"""MCP-14 on logs of other kinds: what counts is the line that the server wrote itself."""

from __future__ import annotations

import json
import threading
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.channels.log import LogStream
from conformance.checks.mcp import sessions as mcp_sessions
from conformance.profile.fields import Fields
from conformance.profile.routes import Headers
from conformance.profile.written import Log
from conformance.verdicts import NotAssessedError, NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

ID = "0192f0c4-58b1-7d34-8c1c-6a2f1f0e4a11"
OWN = json.dumps({"time": "now", "request_id": ID})
PROXYS = f"10.0.0.1 POST /mcp 200 rid={ID}"
SHORT = 0.3
"""Seconds that a line may take here, where none comes."""


def judge(log: Path, now: str, later: str = "", fields: Fields | None = None) -> None:
    """Run the check on a server whose log gets a line at once, and another one a little later."""
    log.write_text("", "utf-8")
    with telling(log, now, later) as call:
        wire: Any = SimpleNamespace(call_ping=call)
        auditor: Any = SimpleNamespace(of=always(["a row"]))
        target: Any = SimpleNamespace(headers=Headers(), fields=fields or Fields())
        keys: Any = SimpleNamespace(active="a key")
        with closing(LogStream(Log(file=str(log)), target.fields.log)) as stream:
            mcp_sessions.test_one_request_id_runs_through_everything(
                wire, keys, auditor, stream, target
            )


def always(value: object) -> Callable[..., object]:
    """Return a function that returns the same whatever it is asked."""

    def function(*_: object, **__: object) -> object:
        return value

    return function


@contextmanager
def telling(log: Path, now: str, later: str) -> Generator[Any]:
    """Yield what stands for the call of a tool, after which lines come into the log."""
    timers: list[threading.Timer] = []

    def write(line: str) -> None:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")

    def call(**_: object) -> Any:
        write(now)
        if later:
            timers.append(threading.Timer(0.1, write, (later,)))
            timers[0].start()
        return SimpleNamespace(succeeded=True, structured={"requestId": ID}, header=always(ID))

    yield call
    for timer in timers:
        timer.join()


def test_a_line_of_another_program_may_come_first(tmp_path: Path) -> None:
    judge(tmp_path / "log", PROXYS, OWN)
    judge(tmp_path / "log", OWN, PROXYS)


@pytest.mark.parametrize("error", [NotEstablishedError, AssertionError])
def test_a_log_in_another_form_is_undecided_and_a_wrong_id_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """That a line is JSON is another clause's; in one that is, the id has its name."""
    monkeypatch.setattr(mcp_sessions, "FLUSH_SECONDS", SHORT)
    wrong = json.dumps({"request_id": "another", "of": ID})
    with pytest.raises(error):
        judge(tmp_path / "log", PROXYS if error is NotEstablishedError else wrong)


def test_an_id_under_another_name_is_undecided_until_that_is_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_sessions, "FLUSH_SECONDS", SHORT)
    line = json.dumps({"ts": "now", "trace": ID})
    with pytest.raises(NotEstablishedError, match=r"trace: declare \[fields.log\] request_id"):
        judge(tmp_path / "log", line)
    fields = Fields.model_validate({"log": {"request_id": "trace"}})
    judge(tmp_path / "log", line, fields=fields)


def test_a_log_that_never_tells_the_id_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_sessions, "FLUSH_SECONDS", SHORT)
    with pytest.raises(AssertionError, match="no log line"):
        judge(tmp_path / "log", json.dumps({"request_id": "another"}))


def test_a_line_that_is_no_json_is_read_by_the_pattern_of_the_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_sessions, "FLUSH_SECONDS", SHORT)
    fields = Fields.model_validate({"log": {"pattern": r"level=\w+ rid=(?P<request_id>\S+) "}})
    line = "level=info rid={} msg=asked"
    judge(tmp_path / "log", PROXYS, line.format(ID), fields=fields)
    with pytest.raises(AssertionError, match="has 'another' as request_id"):
        judge(tmp_path / "log", f"{line.format('another')} of={ID}", fields=fields)
    untold = Fields.model_validate({"log": {"pattern": r"level=(?P<level>\w+)"}})
    with pytest.raises(NotAssessedError, match=r"no such group: \[fields.log\] pattern"):
        judge(tmp_path / "log", line.format(ID), fields=untold)
