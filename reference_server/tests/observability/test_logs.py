"""The log: one object a line whatever callers and libraries put in, secrets out."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from reference_server.observability.logs import (
    LONGEST,
    LineHandler,
    configure_logging,
    is_log_written,
    log_event,
)
from reference_server.observability.redaction import TokenRedactor

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(tmp_path: Path) -> Generator[Lines]:
    """Configure logging into a file; call the value to read the lines so far."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    for handler in before:
        root.removeHandler(handler)
    log_file = tmp_path / "log"
    configure_logging(log_file, TokenRedactor())
    yield lambda: [json.loads(line) for line in log_file.read_bytes().splitlines()]
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    for handler in before:
        root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    logging.raiseExceptions = True


def test_a_line_has_time_level_event_and_request_id(lines: Lines) -> None:
    log_event("request", "id-1", path="/x", status=200)
    (line,) = lines()
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "request",
        "request_id": "id-1",
        "path": "/x",
        "status": 200,
    }


def test_a_caller_can_neither_split_nor_forge_a_line(lines: Lines) -> None:
    hostile = '/a\n{"event":"forged"}\r\u2028\u2029\x85\x00%s%(x)s\ud800"'
    log_event("request", "id-1", path=hostile)
    (line,) = lines()
    assert line["path"] == hostile
    assert line["event"] == "request"


def test_an_error_and_its_cause_are_logged_without_their_tokens(lines: Lines) -> None:
    error = RuntimeError("outer ya29.canary")
    error.__cause__ = ValueError("inner Bearer canary")
    log_event("tool_failed", "id-1", logging.ERROR, error=error, detail={"api_key": "canary"})
    (line,) = lines()
    assert "canary" not in json.dumps(line)
    assert "outer" in line["exception"]
    assert "inner" in line["exception"]


def test_libraries_log_the_same_way_and_session_ids_are_left_out(lines: Lines) -> None:
    logging.getLogger("mcp.server").warning("Rejecting request for session %s: no", "c0ffee")
    logging.getLogger("mcp.server").error("Session c0ffee crashed")
    logging.getLogger("mcp.server").info("Created new transport with session ID: c0ffee")
    logging.getLogger("somewhere").warning("Bearer canary")
    seen = lines()
    assert [line["event"] for line in seen] == ["library"] * 3
    assert "c0ffee" not in json.dumps(seen)
    assert "canary" not in json.dumps(seen)


def test_a_huge_text_or_structure_is_cut(lines: Lines) -> None:
    log_event("tool_failed", "id-1", detail={"x": "y" * 10 * LONGEST}, reason="z" * 10 * LONGEST)
    (line,) = lines()
    assert len(line["detail"]) == len(line["reason"]) == LONGEST + 1


def test_standard_output_is_the_default(capsys: pytest.CaptureFixture[str], lines: Lines) -> None:
    del lines  # restores the handlers afterwards
    configure_logging(None, TokenRedactor())
    log_event("started", None)
    assert json.loads(capsys.readouterr().out)["event"] == "started"


class _Disk:
    """A file that takes so many bytes, and then says that the disk is full."""

    def __init__(self, room: int) -> None:
        self.room, self.held = room, b""

    def write(self, part: bytes) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        taken = bytes(part[: self.room])
        self.room -= len(taken)
        self.held += taken
        return len(taken)

    def close(self) -> None:
        """Do nothing."""


def test_a_full_disk_costs_lines_and_says_how_many(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del lines
    handler = _handler()
    disk = _Disk(30)
    monkeypatch.setattr(handler, "_file", disk)
    assert is_log_written()
    for number in range(3):
        log_event(f"lost-{number}", None)
    assert not is_log_written()
    assert "2 log lines are lost: [Errno 28]" in capsys.readouterr().err
    disk.room = 10_000
    log_event("written", "id-1")
    assert is_log_written()
    broken, told, written = disk.held.splitlines()
    assert len(broken) == 30
    assert json.loads(told).items() >= {"event": "log_lines_lost", "count": 3}.items()
    assert json.loads(written)["event"] == "written"


def test_a_line_that_cannot_be_made_ends_no_request(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = _handler()

    def fail(record: logging.LogRecord) -> str:
        raise ValueError(record.msg)

    with monkeypatch.context() as bent:
        bent.setattr(handler, "format", fail)
        log_event("odd", "id-1")
    log_event("next", "id-2")
    assert [line["event"] for line in lines()] == ["line_lost", "next"]


def _handler() -> LineHandler:
    return next(one for one in logging.getLogger().handlers if isinstance(one, LineHandler))
