"""Defects of tools that take an argument for more than data."""

from __future__ import annotations

import posixpath
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString, cast
from urllib.parse import unquote, urlsplit

import psycopg
from jinja2 import Environment
from sqlalchemy.exc import DBAPIError

from reference_server.core.errors import UnknownObjectError
from reference_server.mutants.bending import mutant, with_tool
from reference_server.mutants.rls.objects import ANY_TEXT
from reference_server.tools.account_health import DATE_RANGES
from reference_server.tools.get_metric import GetMetric
from reference_server.tools.list_metrics import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller

    Act = Callable[[Mapping[str, Any], Caller], Mapping[str, Any]]

_TOOL = GetMetric()
_REPORTS = Path("/var/lib/hallmark/reports")


class _UnknownError(UnknownObjectError):
    """Tells the caller what was not found, in words of a tool's own."""

    def __init__(self, words: str) -> None:
        super().__init__("metric")
        self.args = (words,)


def _interpolated(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    columns = "id, platform, report_type, date_range_key, data"
    query = f"SELECT {columns} FROM metric_cache WHERE id::text = '{arguments['metricId']}'"  # noqa: S608 -- the defect
    with caller.sessions.begin(caller.principal.tenant_id) as connection:
        rows = connection.exec_driver_sql(query).all()
    if not rows:
        raise UnknownObjectError("metric")
    return {"metric": describe(rows[0])}


def _rendered(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    try:
        return _TOOL.run(arguments, caller)
    except UnknownObjectError as error:
        words = f"There is no metric {arguments['metricId']}."
        raise _UnknownError(Environment(autoescape=True).from_string(words).render()) from error


def _formatted(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    try:
        return _TOOL.run(arguments, caller)
    except UnknownObjectError as error:
        words = f"There is no metric {arguments['metricId']}"
        raise _UnknownError((words + " ({error})").format(error=error)) from error


def _through_a_shell(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    command = f"echo {arguments['metricId']} | tr A-Z a-z"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)  # noqa: S602 -- the defect
    return _TOOL.run({"metricId": done.stdout.strip()}, caller)


def _told_to_a_shell(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    """Have a shell write it down for nobody: by its time alone it shows what was run."""
    command = f"echo {arguments['metricId']} > /dev/null"
    subprocess.run(command, shell=True, capture_output=True, check=False)  # noqa: S602 -- the defect
    return _TOOL.run(arguments, caller)


def _from_a_file(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    try:
        return _TOOL.run(arguments, caller)
    except UnknownObjectError as error:
        try:
            return {"metric": (_REPORTS / arguments["metricId"]).read_text("utf-8")}
        except (OSError, ValueError):
            raise error from None


def _as_a_path(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    path = urlsplit(f"http://backend.internal/metrics/{arguments['metricId']}").path
    return _TOOL.run({"metricId": posixpath.basename(posixpath.normpath(path))}, caller)


def _decoded(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    return _TOOL.run({"metricId": unquote(arguments["metricId"])}, caller)


def _counted(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    """Count by a condition with an argument in it: what is nobody's is counted, too, as none."""
    where = f"platform = '{arguments['platform']}'"
    with caller.sessions.begin(caller.principal.tenant_id) as connection:
        try:
            query = f"SELECT count(*) FROM metric_cache WHERE {where}"  # noqa: S608 -- the defect
            found = connection.exec_driver_sql(query).scalar_one()
        except DBAPIError:
            found = 0
    return {**arguments, "metrics": {"count": found}}


_COUNTED = {
    "type": "object",
    "properties": {"platform": {"type": "string"}, "dateRange": {"enum": list(DATE_RANGES)}},
    "required": ["platform", "dateRange"],
    "additionalProperties": False,
}


def _noted(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    """Look for what is known of an id, for nobody to see, and for no longer than it may take."""
    query = f"SELECT platform FROM metric_cache WHERE id::text = '{arguments['metricId']}'"  # noqa: S608 -- the defect
    with (
        suppress(psycopg.Error, DBAPIError),
        caller.sessions.begin(caller.principal.tenant_id) as connection,
    ):
        driver = connection.connection.driver_connection
        if isinstance(driver, psycopg.Connection):
            driver.execute("SET LOCAL statement_timeout = 200")
            driver.execute(cast("LiteralString", query))  # without values: statements at will
    return _TOOL.run(arguments, caller)


def _get_metric(act: Act) -> Callable[[Parts], Parts]:
    return with_tool("get_metric", act, ANY_TEXT)


MUTANTS = (
    mutant(
        "count-by-argument-in-sql",
        "MCP-13 MCP-13-b",
        "Metrics are counted by a platform that is written into the query; of most there are none.",
        parts=with_tool("get_account_health", _counted, _COUNTED),
    ),
    mutant(
        "argument-in-sql",
        "MCP-13 MCP-13-b",
        "A metric's id is written into the query.",
        parts=_get_metric(_interpolated),
    ),
    mutant(
        "argument-in-sql-unseen",
        "MCP-13-b",
        "A metric's id is written into a query of short patience, whose outcome nobody sees.",
        parts=_get_metric(_noted),
    ),
    mutant(
        "argument-rendered",
        "MCP-13",
        "An error's words, a caller's id among them, are rendered as a template.",
        parts=_get_metric(_rendered),
    ),
    mutant(
        "argument-formatted",
        "MCP-13",
        "An error's words, a caller's id among them, are formatted.",
        parts=_get_metric(_formatted),
    ),
    mutant(
        "argument-in-a-shell",
        "MCP-13",
        "An id is put into lower case by a shell's command.",
        parts=_get_metric(_through_a_shell),
    ),
    mutant(
        "argument-run-unseen",
        "MCP-13",
        "An id is part of a shell's command, of whose output nothing is ever seen.",
        parts=_get_metric(_told_to_a_shell),
    ),
    mutant(
        "argument-in-a-backends-url",
        "MCP-13",
        "A metric's id is put into a backend's URL as it is, and can climb out of its place.",
        parts=_get_metric(_as_a_path),
    ),
    mutant(
        "argument-decoded-once-more",
        "MCP-13",
        "An id is percent-decoded before it is looked up, past whatever has looked at it.",
        parts=_get_metric(_decoded),
    ),
    mutant(
        "argument-is-a-path",
        "MCP-13",
        "A metric that is not in the cache is looked for among files, by its id.",
        parts=_get_metric(_from_a_file),
    ),
)
