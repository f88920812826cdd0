"""The data of figures say what happened, in the order in which it did."""

from __future__ import annotations

import json
from typing import Any

from conformance.analysis.figures import draw_admissions, draw_isolation
from conformance.channels.http.answer import Answer, Transport
from conformance.channels.http.transcript import Transcript
from conformance.text.redaction import Redactor

ADMITTED = b'{"jsonrpc":"2.0","id":1,"result":{"ok":true}}'


def drawn(transcript: Transcript) -> tuple[str, dict[str, Any]]:
    (entry,) = transcript.entries()
    return entry["kind"], json.loads(entry["text"])


def answer(status: int, started: float, seconds: float) -> Answer:
    body = ADMITTED if status == 200 else b""
    return Answer(Transport.ANSWERED, status, (), body, seconds, started=started)


def test_admissions_are_in_the_order_of_their_answers() -> None:
    transcript = Transcript(Redactor({}))
    answers = [answer(200, 10.0, 0.5), answer(429, 10.1, 0.1), answer(500, 10.0, 0.1)]

    draw_admissions(transcript, answers, 1, 60)

    kind, data = drawn(transcript)
    assert kind == "admission"
    assert data == {"limit": 1, "window": 60, "ms": [100, 200, 500], "outcomes": "ola"}


def test_no_requests_are_no_figure() -> None:
    transcript = Transcript(Redactor({}))
    draw_admissions(transcript, [], 1, 60)
    assert transcript.entries() == ()


def test_a_reader_is_shown_every_owner_whose_rows_were_there() -> None:
    transcript = Transcript(Redactor({}))
    tables = [f"t{number:02}" for number in range(12)]
    seen = {
        "tenant A": {name: {"id-a", "id-b", "id-x"} for name in tables},
        "tenant B": {"t00": {"id-b"}, "t01": set[str]()},
    }

    draw_isolation(transcript, seen, {"id-a": "tenant A", "id-b": "tenant B"})

    kind, data = drawn(transcript)
    assert kind == "isolation"
    assert data["owners"] == ["tenant A", "tenant B", "any other tenant"]
    assert data["counts"] == [[12, 12, 12], [0, 1, 0]]
    assert data["names"][0][2] == tables[:8], "names are bounded, counts are not"
    assert data["tables"] == 12


def test_a_figure_holds_no_secret() -> None:
    redactor = Redactor({})
    redactor.learn("a-table-named-like-a-key", "key")
    transcript = Transcript(redactor)
    draw_isolation(transcript, {"tenant A": {"a-table-named-like-a-key": {"id-a"}}}, {})
    assert "a-table-named-like-a-key" not in str(transcript.entries())
