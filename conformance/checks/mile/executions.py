"""MILE: the log of executions."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from conformance.channels.trail.row import parsed
from conformance.checks.mile._common import (
    all_delivered,
    call_with_a_word,
    leaking,
    one_of_each_kind,
)
from conformance.model import Channel
from conformance.profile.fields import found_at
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, NotEstablishedError, establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.channels.trail.reader import AuditReader
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

CALLS = 3


class Log:
    """The rows of executions, wherever they stand, by the ids of executions."""

    def __init__(self, target: Target, auditor: AuditReader) -> None:
        self.fields, self._auditor = target.executions, auditor

    def rows(self) -> list[dict[str, Any]]:
        """Return all rows."""
        table = self.fields.table
        if table is None:
            return [dict(row.columns) for row in self._auditor.rows()]
        from conformance.channels.sql.auditor import TableTrail

        if not isinstance(self._auditor, TableTrail):
            raise NotAssessedError(
                "executions.table needs [channels.auditor] dsn: supply one", Channel.TRAIL_TABLE
            )
        return self._auditor.table(table)

    def of(self, word: str) -> list[dict[str, Any]]:
        """Return the rows of the execution whose input holds a word, waiting for the first."""

        def look() -> list[dict[str, Any]]:
            rows = self.rows()
            ids = {
                str(self.value(row, "id"))
                for row in rows
                if self.value(row, "id") and word in _text(self.value(row, "input"))
            }
            return [row for row in rows if str(self.value(row, "id")) in ids]

        return wait_for(look, self._auditor.patience, self._auditor.pause)

    def holding(self, word: str) -> list[dict[str, Any]]:
        """Return the rows that hold a word anywhere."""
        return [row for row in self.rows() if word in _text(row)]

    def value(self, row: dict[str, Any], field: str) -> Any:
        """Return what stands in a field of a row; None where nothing does."""
        column, _, inner = (self.fields.place(field) or "").partition(".")
        value = row.get(column)
        if not inner:
            return value
        return found_at(parsed(value), inner)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


@requirement("MILE-05")
def test_each_execution_is_told_with_all_that_identifies_it(
    wire: Wire, keys: Keys, target: Target, auditor: AuditReader
) -> None:
    """Found again by a word of ours in its input, so that no other execution is looked at."""
    log, ids = Log(target, auditor), defaultdict[str, int](int)
    tool = target.tools.downstream[0]
    for _ in range(CALLS):
        word, answer = call_with_a_word(wire, tool.name, tool.arguments, keys.a)
        establish(answer.succeeded, f"{tool.name} can be called (got {answer})")
        rows = log.of(word)
        assert rows, _missing(log, word)
        for field in log.fields.fields():
            told = [value for row in rows if (value := log.value(row, field)) not in (None, "", {})]
            assert told, f"no row of an execution of {tool.name} tells its {field}"
        names = {_text(log.value(row, "tool")) for row in rows if log.value(row, "tool")}
        assert any(tool.name in name for name in names), (
            f"the execution of {tool.name} is told as one of {', '.join(sorted(names))}"
        )
        ids[str(log.value(rows[0], "id"))] += 1
    assert len(ids) == CALLS, f"{CALLS} executions share an id: there are {len(ids)}"


def _missing(log: Log, word: str) -> str:
    """Return what is missing; NotEstablishedError where it may only stand elsewhere."""
    rows = log.holding(word)
    if rows and not any(log.value(row, "id") for row in log.rows()):
        raise NotEstablishedError(
            "could not establish where the log of executions has an id: no row has "
            f"{log.fields.place('id')}, but a call's input stands in one with "
            f"{', '.join(rows[0])}: declare [executions]"
        )
    return "no row tells of an execution and its input"


@requirement("MILE-05")
def test_a_failed_execution_has_another_status(
    wire: Wire, keys: Keys, target: Target, auditor: AuditReader
) -> None:
    """The same tool, whose service refuses one call and takes the other."""
    tools = [tool for tool in target.tools.downstream if tool.refused_arguments]
    if not tools:
        raise NotAssessedError(
            "no tool of [[tools.downstream]] has refused_arguments: name some",
            Channel.DOWNSTREAM_TOOL,
        )
    log, tool = Log(target, auditor), tools[0]
    ended = list[set[str]]()
    for arguments in (tool.arguments, tool.refused_arguments or {}):
        word, answer = call_with_a_word(wire, tool.name, arguments, keys.a)
        is_refused = arguments is not tool.arguments
        establish(answer.was_a_tool_error is is_refused, f"{tool.name} ends as told ({answer})")
        rows = log.of(word)
        establish(rows, f"the log tells of an execution of {tool.name}")
        ended.append({_text(log.value(row, "status")) for row in rows})
    succeeded, failed = ended
    assert failed - succeeded, (
        f"an execution that failed has the status of one that succeeded: {sorted(failed)}"
    )


@requirement("MILE-05")
def test_the_log_of_executions_holds_no_credential(
    wire: Wire, keys: Keys, target: Target, auditor: AuditReader
) -> None:
    """The rows of the call itself, which hold its input, as a word of ours shows."""
    log = Log(target, auditor)
    for tool in one_of_each_kind(target):
        word, _ = call_with_a_word(wire, tool.name, tool.arguments, keys.a)
        rows = log.of(word)
        establish(rows, f"the log tells of an execution of {tool.name}")
        found = leaking(all_delivered(keys), "\n".join(map(_text, rows)))
        assert not found, f"a row of an execution holds {', '.join(found)}"
