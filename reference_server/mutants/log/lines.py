"""Defects of the log's redaction."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from flask import request

from reference_server.mutants.bending import (
    before,
    mutant,
    replaced,
    trail_with,
    with_stage,
    with_tool,
)
from reference_server.observability.logs import LineHandler, log_event
from reference_server.observability.redaction import REDACTED, TokenRedactor, names_a_secret
from reference_server.protocol.failure import describe_failure
from reference_server.tools.raise_error import RaiseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller


MANY, LONG = 1000, 60_000


def _log_headers(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    _log_values(context)
    return None


def _log_values(context: RequestContext) -> None:
    log_event("headers", context.request_id, values=[value for _, value in context.headers])


def _failed_and_logged(error: Exception, context: RequestContext) -> str:
    _log_values(context)
    return describe_failure(error, context)


def _log_query(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    log_event("url", context.request_id, query=request.query_string.decode("latin-1"))
    return None


def _log_query_encoded(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    told = base64.b64encode(request.full_path.encode("latin-1", "replace")).decode()
    log_event("asked", context.request_id, target=told)
    return None


class _NamesOnly(TokenRedactor):
    """Scrubs fields by their names, and leaves the text of messages alone."""

    def scrub(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            fields = cast("Mapping[str, Any]", value)
            return {
                name: REDACTED if names_a_secret(name) else self.scrub(item)
                for name, item in fields.items()
            }
        if isinstance(value, list | tuple):
            return [self.scrub(item) for item in cast("list[Any]", value)]
        return value if value is None or isinstance(value, bool | int | float) else str(value)


class _ShallowNames(TokenRedactor):
    """Scrubs fields by name down to the sixth level."""

    def scrub(self, value: Any) -> Any:
        return self._walk(value, 6)

    def _walk(self, value: Any, depth: int) -> Any:
        if depth == 0:
            return value
        if isinstance(value, Mapping):
            fields = cast("Mapping[str, Any]", value)
            return {
                name: REDACTED if names_a_secret(name) else self._walk(item, depth - 1)
                for name, item in fields.items()
            }
        if isinstance(value, list | tuple):
            return [self._walk(item, depth - 1) for item in cast("list[Any]", value)]
        return super().scrub(value)


def _write_path(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LineHandler):
            handler.write(f"{context.request_id} {context.method} {context.path}")
    return None


class _Careful(TokenRedactor):
    """Looks at every pair of tokens in a message."""

    def scrub(self, value: Any) -> Any:
        if str(value).count("Bearer ") > MANY:
            threading.Event().wait(12)  # what a pattern with nested repeats takes, and more
        return super().scrub(value)


def _each_with_each(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    """Compare what follows each blank with what follows each other one, before anything is cut."""
    if (blanks := str(arguments["message"]).count(" ")) > MANY:
        threading.Event().wait(0.9 * (blanks / LONG) ** 2)  # what such work takes
    return RaiseError().run(arguments, caller)


def _log_part(part: slice) -> Callable[[RequestContext, Parts], Response | None]:
    def log(context: RequestContext, parts: Parts) -> Response | None:
        del parts
        log_event("asked", context.request_id, who=(context.credential or "")[part])
        return None

    return log


MUTANTS = (
    mutant(
        "query-logged-in-base64",
        "LOG-04",
        "Path and query are logged in base64, which no pattern of the redactor reads.",
        parts=with_stage("extract_token", before(_log_query_encoded)),
    ),
    mutant(
        "key-beginnings-logged",
        "LOG-07",
        "The first ten characters of each key are logged, to tell keys apart.",
        parts=with_stage("authenticate", before(_log_part(slice(10)))),
    ),
    mutant(
        "key-endings-logged",
        "LOG-07",
        "The last eight characters of each key are logged.",
        parts=with_stage("authenticate", before(_log_part(slice(-8, None)))),
    ),
    mutant(
        "access-log-in-plain-text",
        "LOG-05",
        "A second, plain line is written for each request, with the path as it came.",
        parts=with_stage("extract_token", before(_write_path)),
    ),
    mutant(
        "redaction-blows-up",
        "LOG-06",
        "The time to redact a message grows with the square of its tokens.",
        # Of rows alone: lines are scrubbed under a lock, and everything would wait for that.
        parts=trail_with(_Careful()),
    ),
    mutant(
        "redaction-of-quadratic-cost",
        "LOG-06",
        "Twice as long a message takes four times as long to redact, though no hours yet.",
        parts=with_tool("raise_error", _each_with_each),
    ),
    mutant(
        "headers-logged",
        "LOG-01 LOG-04 LOG-07 ROT-05",
        "A debugging aid writes every header into the log.",
        parts=with_stage("extract_token", before(_log_headers)),
    ),
    mutant(
        "headers-of-failed-calls-logged",
        "LOG-01 LOG-07",
        "Where a tool fails, the whole request is written into the log.",
        parts=replaced({"mcp.describe_failure": lambda _: _failed_and_logged}),
    ),
    mutant(
        "messages-unscrubbed",
        "LOG-02 LOG-04",
        "Fields are scrubbed by name; the text of messages and exceptions is not looked at.",
        parts=replaced({"redactor": lambda _: _NamesOnly()}),
    ),
    mutant(
        "names-scrubbed-near-the-top",
        "LOG-03",
        "Fields are scrubbed by name to a depth of six.",
        parts=replaced({"redactor": lambda _: _ShallowNames()}),
    ),
    mutant(
        "query-logged",
        "LOG-04",
        "The query string is logged with the path.",
        parts=with_stage("extract_token", before(_log_query)),
    ),
)
