"""A tool is told a detail in the form that it takes; a refused one is no evidence."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.details import as_taken
from conformance.channels.trail.row import AuditRow
from conformance.checks.aud._common import Failure
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = {"email": "x"}
MARK = "0123456789abcdef"


def listing(schema: Any) -> Any:
    """Return a line to a server that lists one tool, with a schema for its detail."""
    of_tool = {"properties": {"detail": schema}, "$defs": {"text": {"type": "string"}}}
    tools = [None, {"name": "fail", "inputSchema": of_tool}]
    return SimpleNamespace(call=returning(SimpleNamespace(result={"tools": tools})))


def returning(value: Any) -> Callable[..., Any]:
    """Return what takes whatever it is given, and returns a value."""

    def call(*_: Any, **__: Any) -> Any:
        return value

    return call


@pytest.mark.parametrize(
    ("schema", "taken"),
    [
        ({"type": "object"}, VALUE),
        ({"type": "string"}, json.dumps(VALUE)),
        ({"type": ["string", "null"]}, json.dumps(VALUE)),
        ({"anyOf": [{"type": "string"}, {"type": "object"}]}, VALUE),
        ({"anyOf": [{"$ref": "#/$defs/text"}, {"type": "null"}]}, json.dumps(VALUE)),
        ({"type": "array"}, [VALUE]),
        ({"$ref": "#/$defs/none"}, VALUE),
        (None, VALUE),
    ],
)
def test_a_detail_is_told_in_the_form_that_the_tool_takes(schema: Any, taken: Any) -> None:
    assert as_taken(listing(schema), "fail", "detail", VALUE, key="") == taken


def failure(words: str, reason: str, stored: str = "") -> Failure:
    """Return a failed call that is answered with words, and whose row gives a reason."""
    answer = Answer(status=200, transport=Transport.ANSWERED, body=words.encode())
    row = AuditRow({"event_type": "failed", "metadata": {"reason": reason, "told": stored}})
    wire = SimpleNamespace(
        target=SimpleNamespace(tools=SimpleNamespace(failing=SimpleNamespace(name="fail"))),
        call_tool=returning(answer),
    )
    return Failure(wire, "", {}, answer, [row], row)  # type: ignore[arg-type] -- all that is asked


PLAIN = failure("It failed.", "failure")


@pytest.mark.parametrize(
    "told",
    [
        failure("It failed.", "failure"),
        failure(f"It failed: {MARK}", "failure"),
        failure("Something else.", "other", stored=MARK),
    ],
)
def test_what_fails_as_without_a_detail_or_shows_it_was_told(told: Failure) -> None:
    told.require_told(MARK, PLAIN)


@pytest.mark.parametrize(
    "refused",
    [failure("detail: not a string", "failure"), failure("It failed.", "bad arguments")],
)
def test_what_fails_otherwise_may_have_been_refused(refused: Failure) -> None:
    with pytest.raises(NotEstablishedError, match="got what it was told"):
        refused.require_told(MARK, PLAIN)
