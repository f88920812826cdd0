"""A field that is not found accuses nobody where it may only have another name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.channels.http.admin import rotation_of
from conformance.channels.http.results import field_of
from conformance.channels.log import require_names
from conformance.profile.fields import AdminFields, Fields, LogFields
from conformance.verdicts import NotAssessedError, NotEstablishedError


def read(result: dict[str, Any], **names: Any) -> Any:
    """Return the tenant that a result tells, under some names."""
    answer: Any = SimpleNamespace(structured=result)
    target: Any = SimpleNamespace(fields=Fields.model_validate({"results": names}))
    return field_of(answer, target, "tenant")


def test_a_result_is_read_by_the_name_of_the_profile() -> None:
    assert read({"tenantId": "a"}) == "a"
    assert read({"org": {"id": "a"}}, tenant="org.id") == "a"


def test_a_result_without_the_field_is_undecided_unless_its_name_is_sure() -> None:
    with pytest.raises(NotEstablishedError, match=r"org: declare \[fields.results\] tenant"):
        read({"org": "a", "ok": True})
    assert read({"org": "a"}, tenant="tenantId") is None
    assert read({"ok": True, "requestId": "1"}) is None
    with pytest.raises(NotAssessedError, match="tenant"):
        read({"org": "a"}, tenant=False)


def test_a_name_of_the_log_is_sure_if_declared_or_seen_once() -> None:
    with pytest.raises(NotEstablishedError, match=r"ts: declare \[fields.log\] time"):
        require_names([{"ts": "now", "level": 30}], LogFields(), "time")
    require_names([{"ts": "now"}], LogFields(time="time"), "time")
    require_names([{"ts": "now"}, {"time": "now"}], LogFields(), "time")
    require_names([{"level": 30}], LogFields(), "time")


def test_of_an_id_only_an_entry_that_holds_it_may_be_meant() -> None:
    lines: list[dict[str, Any]] = [{"time": "now", "rid": "1", "other": "2"}]
    with pytest.raises(NotEstablishedError, match="but rid: declare"):
        require_names(lines, LogFields(), "request_id", "1")
    require_names(lines, LogFields(), "request_id", "3")


def test_a_rotation_is_asked_for_in_the_words_of_the_target() -> None:
    names = AdminFields(tenant="org", description=False)
    assert rotation_of("a", names) == b'{"org": "a"}'
    assert rotation_of(None, AdminFields(), "x") == b'{"description": "x"}'
