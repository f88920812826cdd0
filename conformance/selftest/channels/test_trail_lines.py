"""A trail of JSON lines is read as a table is, and what it cannot show accuses nobody."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from conformance.channels.trail import reader
from conformance.channels.trail.lines import LinesTrail
from conformance.profile.events import Event, Events, Reason
from conformance.profile.fields import TrailFields
from conformance.profile.written import Auditor
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLAT = {"event": "what", "request_id": "rid", "address": "ip", "reason": "why", "tenant": "org"}
REFUSED = {"what": "api_key.auth_failure", "rid": "1", "ip": "::ffff:127.0.0.9", "why": "missing"}
LET_IN = {"what": "api_key.auth_success", "rid": "2", "ip": "127.0.0.9", "org": "a"}


OPENED: list[LinesTrail] = []


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(reader, "SETTLE_SECONDS", 0.01)
    yield
    while OPENED:
        OPENED.pop().close()


def trail(folder: Path, *rows: dict[str, Any] | str, **fields: Any) -> LinesTrail:
    path = folder / "trail.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows]
    path.write_text("".join(lines), "utf-8")
    names = TrailFields.model_validate(FLAT | fields)
    OPENED.append(LinesTrail(Auditor(file=str(path)), names, Events()))
    return OPENED[-1]


def test_rows_are_found_by_request_and_by_address(tmp_path: Path) -> None:
    held = trail(tmp_path, REFUSED, LET_IN)
    (row,) = held.of(Event.AUTH_FAILURE, request_id="1")
    assert (row.reason, row.address) == (Reason.MISSING, "127.0.0.9")
    assert [row.request_id for row in held.rows(address="127.0.0.9")] == ["1", "2"]
    assert held.of(Event.AUTH_SUCCESS, request_id="1") == []


def test_what_a_row_leaves_out_and_another_has_is_null_in_it(tmp_path: Path) -> None:
    refused, let_in = trail(tmp_path, REFUSED, LET_IN).rows()
    assert (refused.tenant, let_in.tenant, let_in.reason) == (None, "a", None)
    with pytest.raises(NotEstablishedError, match=r"it has what, rid, ip, why.*fields.trail"):
        _ = trail(tmp_path, REFUSED).rows()[0].tenant


def test_rows_stand_in_the_order_of_the_lines_or_of_the_field_that_is_named(tmp_path: Path) -> None:
    rows = [{**REFUSED, "rid": name, "n": n} for name, n in (("c", 10), ("a", 9), ("b", None))]
    assert [row.request_id for row in trail(tmp_path, *rows).rows()] == ["c", "a", "b"]
    assert [row.request_id for row in trail(tmp_path, *rows, order="n").rows()] == ["a", "c", "b"]


def test_a_line_that_is_still_being_written_is_none_yet(tmp_path: Path) -> None:
    held = trail(tmp_path, LET_IN, '{"what": "api_key.auth_fai')
    assert (len(held.rows()), held.unreadable()) == (1, [])
    whole = trail(tmp_path, LET_IN, json.dumps(REFUSED))
    assert len(whole.rows()) == 2


def test_a_broken_line_is_no_row_and_leaves_undecided_only_what_it_may_be(tmp_path: Path) -> None:
    held = trail(tmp_path, LET_IN, '{"rid": "3", "why": "line one\n', 'line two"}\n')
    assert held.unreadable(request_id="3") == ['{"rid": "3", "why": "line one']
    assert held.of(Event.AUTH_FAILURE, request_id="2") == []
    with pytest.raises(NotEstablishedError, match="is no row"):
        held.of(Event.AUTH_FAILURE, request_id="3")


def test_what_is_no_trail_of_json_lines_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(NotEstablishedError, match=r"exported as JSON lines.*event,tenant"):
        trail(tmp_path, "event,tenant\n", "login,a\n").rows()
    assert trail(tmp_path).rows() == []


def test_a_process_that_may_write_elsewhere_has_lost_nothing(tmp_path: Path) -> None:
    held = trail(tmp_path, LET_IN)
    assert held.unwritten(Event.AUTH_SUCCESS, ["2", "3"]) == ["3"]
    with pytest.raises(NotEstablishedError, match=r"further process.*channels.auditor\] dsn"):
        held.unwritten(Event.AUTH_SUCCESS, ["3", "4"])


def test_a_secret_is_found_however_json_spells_it(tmp_path: Path) -> None:
    held = trail(tmp_path, '{"why": "k\\u00e9y and \\u0041"}\n')
    assert "kéy and A" in held.text()
    assert "\\u0041" in held.dump()


def test_a_command_may_print_the_trail() -> None:
    printing = f"import sys; print('notice', file=sys.stderr); print({json.dumps(LET_IN)!r})"
    channel = Auditor(command=(sys.executable, "-c", printing))
    held = LinesTrail(channel, TrailFields.model_validate(FLAT), Events())
    assert [row.request_id for row in held.rows()] == ["2"]
