"""The server's log: one JSON object a line, and every logger of the process on the same path."""

from __future__ import annotations

import json
import logging
import re
import sys
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
    handler = (
        logging.StreamHandler(sys.stdout) if log_file is None else logging.FileHandler(log_file)
    )
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
