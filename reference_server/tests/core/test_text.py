"""What a text holds."""

from __future__ import annotations

from typing import Any

import pytest

from reference_server.core.text import json_object


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ('{"a": {"b": 1}}', {"a": {"b": 1}}),
        (b"{}", {}),
        ("[{}]", None),
        ("null", None),
        ("{", None),
        ("", None),
        (b"\xff{}", None),
        ("[" * 60_000, None),
        ('{"a":' * 60_000, None),
    ],
)
def test_what_is_no_json_object_is_none(
    document: str | bytes, found: dict[str, Any] | None
) -> None:
    assert json_object(document) == found
