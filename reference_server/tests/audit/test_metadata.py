"""What of an event's metadata reaches the trail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reference_server.audit.metadata import MAXIMUM_BYTES, to_stored_json
from reference_server.core.text import clean_text
from reference_server.observability.redaction import TokenRedactor


def _stored(metadata: dict[str, Any] | None) -> Any:
    return json.loads(to_stored_json(metadata, TokenRedactor()))


def test_no_metadata_is_an_empty_object() -> None:
    assert _stored(None) == {}


@pytest.mark.parametrize(
    "key",
    [
        *("email", "EMAIL", "e_mail", "name", "firstName", "first_name", "FIRST-NAME"),
        *("lastName", "phone", "Phone", "address"),
    ],
)
def test_personal_fields_go_at_any_depth(key: str) -> None:
    nested = {key: "x", "kept": 1, "deep": {"list": [{key: {"more": "x"}, "kept": 2}]}}
    assert _stored(nested) == {"kept": 1, "deep": {"list": [{"kept": 2}]}}


def test_fields_that_only_contain_such_a_word_stay() -> None:
    assert _stored({"tool_name": "ping", "addressable": True}) == {
        "tool_name": "ping",
        "addressable": True,
    }


def test_secrets_go_before_text_is_cut() -> None:
    token = "ya29." + "x" * 5_000
    stored = to_stored_json({"reason": "y" * 1_990 + token, "access_token": "z"}, TokenRedactor())
    assert "ya29" not in stored
    assert "xxx" not in stored
    assert json.loads(stored)["access_token"] == "[REDACTED]"


def test_a_token_as_a_key_goes_too() -> None:
    assert "ya29.abc" not in to_stored_json({"ya29.abcdef": 1}, TokenRedactor())


def test_bulk_is_bounded_and_the_reason_survives() -> None:
    bulk = {f"field{number}": "x" * 1_000 for number in range(10_000)}
    stored = to_stored_json({"stage": "authenticate", **bulk}, TokenRedactor())
    assert len(stored) <= MAXIMUM_BYTES
    assert json.loads(stored)["shortened"] is True
    assert json.loads(stored)["stage"] == "authenticate"


def test_bottomless_nesting_ends() -> None:
    bottomless: dict[str, Any] = {}
    bottomless["self"] = bottomless
    assert "nested too deeply" in to_stored_json(bottomless, TokenRedactor())


def test_non_ascii_text_counts_as_it_is_stored() -> None:
    stored = to_stored_json({"reason": "é" * 100_000}, TokenRedactor())
    assert len(stored) <= MAXIMUM_BYTES


def test_clean_text_replaces_what_postgresql_cannot_hold() -> None:
    assert clean_text("a\x00b\ud800c") == "a\ufffdb?c"
