"""The server's log: one JSON object a line, and every logger of the process on the same path."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pathlib import Path

    from reference_server.observability.contracts import Redactor

LOGGER = "hallmark"
"""The name of the server's own logger."""

LONGEST = 8192
"""Characters kept of one text: a caller chooses paths and messages, not the size of our log."""

QUIET = ("mcp", "sse_starlette", "alembic", "sqlalchemy", "werkzeug", "limits", "httpx")
"""Libraries heard from WARNING on; their lower levels repeat what the request line says."""

SILENT = ("uvicorn.error", "uvicorn.access")
"""Heard from ERROR on: what they warn of is a caller's doing, and has its request line."""

_logger = logging.getLogger(LOGGER)
_encode = json.JSONEncoder(default=str).encode

_SESSION_ID = re.compile(r"(session(?: ID)?+:?+ )[!-~]++", re.IGNORECASE)


class JsonFormatter(logging.Formatter):
    """Writes a record as one scrubbed JSON object, ASCII only: no text can end the line early."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        fields: dict[str, Any] = getattr(record, "fields", {})
        message = record.getMessage()
        if record.name.startswith("mcp"):
            # A session id admits its owner's requests; the SDK writes it into its messages.
            message = _SESSION_ID.sub(r"\1[SESSION]", message)
        line = {"event": message, **fields}
        if record.name != LOGGER:
            # Whose request a library speaks of is unknown here: a session's task outlives the
            # request that began it. No id is better than another caller's.
            facts = {"request_id": None, "logger": record.name, "message": message}
            line = {"event": "library", **facts}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        scrubbed = self._redactor.scrub(line)
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"time": stamp, "level": record.levelname.lower()}
        return _encode(head | bounded(scrubbed))


class LineHandler(logging.Handler):
    """Writes lines to a file, each whole or told of as lost; a full disk stops nobody.

    What is lost is counted, told on standard error, and told in the log once lines can be written
    again. Its descriptor is closed with it unless it is standard output's.
    """

    def __init__(self, log_file: Path | None) -> None:
        super().__init__()
        self._is_own = log_file is not None
        if log_file is not None:
            self._file: Any = log_file.open("ab", buffering=0)
        else:
            # Without the buffer, which would keep what could not be written, and grow.
            self._file = getattr(sys.stdout.buffer, "raw", sys.stdout.buffer)
        self._lost = 0
        self._is_broken_off = False

    @property
    def is_losing(self) -> bool:
        """Tell whether the last line could not be written."""
        return self._lost > 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line; never raises."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 -- a line that cannot be made must not end a request
            line = '{"event": "line_lost", "level": "error", "request_id": null}'
        try:
            if self._lost:
                self.write(self.format(_told_of(self._lost)))
                self._lost = 0
            self.write(line)
        except (OSError, ValueError) as error:
            self._lose(error)

    def close(self) -> None:
        """Close the file."""
        if self._is_own:
            self._file.close()
        super().close()

    def write(self, line: str) -> None:
        """Write a line as it stands; OSError or ValueError when it is not written whole."""
        left = memoryview((("\n" if self._is_broken_off else "") + line + "\n").encode())
        while left:
            written = self._file.write(left)
            if not written:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            # A line that breaks off here is not to be joined with the next one.
            left, self._is_broken_off = left[written:], True
        self._is_broken_off = False

    def _lose(self, error: Exception) -> None:
        self._lost += 1
        if self._lost & (self._lost - 1) == 0:  # the first, the second, the fourth …
            words = f"hallmark: {self._lost} log lines are lost: {error}\n"
            with suppress(OSError, ValueError):
                sys.stderr.write(words)


def _told_of(lost: int) -> logging.LogRecord:
    """Return the record that tells how many lines are missing before it."""
    fields = {"request_id": None, "count": lost}
    about = {"name": LOGGER, "levelno": logging.ERROR, "levelname": "ERROR"}
    return logging.makeLogRecord({**about, "msg": "log_lines_lost", "fields": fields})


def bounded(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with each long value cut, a structure as the text of its JSON."""
    return {name: _cut(value) for name, value in fields.items()}


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[:LONGEST] + "…"
    if isinstance(value, dict | list):
        structure = cast("object", value)
        text = _encode(structure)
        return structure if len(text) <= LONGEST else text[:LONGEST] + "…"
    return value


def configure_logging(log_file: Path | None, redactor: Redactor) -> None:
    """Send every logger of the process to ``log_file`` (None: standard output) as JSON lines."""
    handler = LineHandler(log_file)
    handler.setFormatter(JsonFormatter(redactor))
    root = logging.getLogger()
    for previous in list(root.handlers):
        root.removeHandler(previous)
        previous.close()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False
    # Found out for every record otherwise, and in no line of ours. The underscore notwithstanding,
    # Python's guide to logging names the first of them for this.
    logging._srcfile = None  # type: ignore[attr-defined]  # noqa: SLF001
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def is_log_written() -> bool:
    """Tell whether the server's log takes its lines, as far as is known."""
    handlers = logging.getLogger().handlers
    return not any(isinstance(one, LineHandler) and one.is_losing for one in handlers)


def log_event(
    event: str,
    request_id: str | None,
    level: int = logging.INFO,
    error: BaseException | None = None,
    **fields: Any,
) -> None:
    """Write one line about ``event``; ``error`` adds its traceback and causes, scrubbed."""
    _logger.log(
        level,
        "%s",
        event,
        extra={"fields": {"request_id": request_id, **fields}},
        exc_info=(type(error), error, error.__traceback__) if error else None,
    )
