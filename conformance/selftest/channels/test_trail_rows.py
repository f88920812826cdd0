"""A trail's rows are read under the names of the profile, and a missing name accuses nobody."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.channels.trail import reader
from conformance.channels.trail.reader import AuditReader
from conformance.channels.trail.row import AuditRow
from conformance.profile.events import Event, Events, Outcome, Reason
from conformance.profile.fields import TrailFields
from conformance.verdicts import NotAssessedError, NotEstablishedError


def columns(**more: Any) -> dict[str, Any]:
    names = ("event_type", "outcome", "tenant_id", "actor_ip", "request_id", "metadata")
    return {**dict.fromkeys(names), "metadata": {}, **more}


class Trail(AuditReader):
    """A trail that holds what it is given."""

    def __init__(self, *rows: dict[str, Any], fields: Any = None, events: Any = None) -> None:
        self.held = rows
        trail = TrailFields.model_validate(fields or {})
        super().__init__(trail, Events.model_validate(events or {}))

    def rows(self, *, request_id: str | None = None, address: str | None = None) -> list[AuditRow]:
        """Return what it holds."""
        found = [AuditRow(row, self.fields) for row in self.held]
        found = [row for row in found if request_id in {None, row.request_id}]
        return [row for row in found if address in {None, row.address}]

    def text(self) -> str:
        """Return nothing: no test asks."""
        return ""

    dump = text

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "SETTLE_SECONDS", 0.01)


def test_rows_of_other_names_leave_it_undecided_and_are_told() -> None:
    rows = [columns(request_id="1", event_type=name) for name in ("login_failed", "seen")]
    with pytest.raises(NotEstablishedError) as undecided:
        Trail(*rows).of(Event.AUTH_FAILURE, request_id="1")
    for words in ("0 rows named api_key.auth_failure", "login_failed, seen", "declare [events]"):
        assert words in str(undecided.value)


def test_a_row_of_another_known_event_is_not_the_missing_one() -> None:
    trail = Trail(columns(request_id="1", event_type="api_key.auth_success"))
    assert trail.of(Event.TOOL_CALLED, request_id="1") == []
    assert Trail().of(Event.TOOL_CALLED, request_id="1") == []


def test_events_may_share_a_name_and_differ_in_how_they_end() -> None:
    entry = {"auth_failure": {"event": "auth", "outcome": "denied"}}
    denied = columns(request_id="1", event_type="auth", outcome="denied")
    let_in = columns(request_id="1", event_type="auth", outcome="ok")
    found = Trail(let_in, denied, events=entry).of(Event.AUTH_FAILURE, request_id="1")
    assert [row.outcome for row in found] == ["denied"]


def test_a_request_without_its_row_is_lost_unless_the_row_may_have_another_name() -> None:
    written = columns(request_id="1", event_type="api_key.auth_success")
    known = columns(request_id="2", event_type="mcp.tool_called")
    assert Trail(written, known).unwritten(Event.AUTH_SUCCESS, ["1", "2"]) == ["2"]
    unknown = columns(request_id="2", event_type="login")
    with pytest.raises(NotEstablishedError, match="login"):
        Trail(written, unknown).unwritten(Event.AUTH_SUCCESS, ["1", "2"])


def test_fields_may_stand_inside_of_json_be_it_text_or_not() -> None:
    fields = {"request_id": "details.trace", "metadata": "details"}
    for details in ({"trace": "1", "tool": "ping"}, '{"trace": "1", "tool": "ping"}'):
        (row,) = Trail(columns(details=details), fields=fields).rows(request_id="1")
        assert (row.request_id, row.tool, row.metadata["tool"]) == ("1", "ping", "ping")


def test_what_is_said_to_be_absent_is_not_assessed() -> None:
    row = AuditRow(columns(), TrailFields.model_validate({"reason": False}))
    with pytest.raises(NotAssessedError, match="reason"):
        _ = row.reason


def test_a_column_of_another_name_accuses_nobody() -> None:
    row = AuditRow({"kind": "login"})
    with pytest.raises(NotEstablishedError, match=r"event_type.*it has kind.*fields.trail"):
        _ = row.event


def test_an_undeclared_place_accuses_only_if_nothing_else_can_be_meant() -> None:
    assert AuditRow(columns(metadata={"limit": 100})).scope is None
    assert AuditRow(columns(metadata={"tool": "ping"})).reason is None
    other = columns(metadata={"why": "no key"})
    with pytest.raises(NotEstablishedError, match=r"metadata.why = 'no key'"):
        _ = AuditRow(other).reason
    declared = TrailFields.model_validate({"reason": "metadata.reason"})
    assert AuditRow(other, declared).reason is None


def test_words_that_are_unknown_are_undecided_and_wrong_ones_are_not() -> None:
    trail = Trail()
    assert trail.meaning("reason", "missing", Reason.MISSING) == Reason.MISSING
    assert trail.meaning("reason", "invalid", Reason.MISSING) == Reason.INVALID
    assert trail.meaning("reason", None, Reason.MISSING) is None
    with pytest.raises(NotEstablishedError, match=r"'no key'.*events.reasons"):
        trail.meaning("reason", "no key", Reason.MISSING)
    row = AuditRow(columns(outcome="denied"))
    assert Trail(events={"outcomes": {"failure": "denied"}}).is_outcome(row, Outcome.FAILURE)


@pytest.mark.parametrize("form", ["127.0.0.9", "127.0.0.9/32", "::ffff:127.0.0.9"])
def test_an_address_is_the_same_in_every_form(form: str) -> None:
    assert AuditRow(columns(actor_ip=form)).address == "127.0.0.9"


class LateTrail(Trail):
    """A copy of a trail, which shows its rows at the second look."""

    looks = 0

    def rows(self, *, request_id: str | None = None, address: str | None = None) -> list[AuditRow]:
        """Return nothing at first."""
        self.looks += 1
        return super().rows(request_id=request_id, address=address) if self.looks > 1 else []


def test_a_row_that_a_copy_shows_late_was_written() -> None:
    trail = LateTrail(columns(request_id="1", event_type="api_key.auth_success"))
    trail.lag_seconds = 5
    assert trail.unwritten(Event.AUTH_SUCCESS, ["1"]) == []
    assert trail.looks == 2


def test_a_row_that_no_copy_shows_is_lost() -> None:
    trail = Trail(columns(request_id="1", event_type="api_key.auth_success"))
    assert trail.unwritten(Event.AUTH_SUCCESS, ["1", "2"]) == ["2"]
