"""Every property of a JSON value is met once, with its path."""

from __future__ import annotations

from conformance.forge.objects import ids_in
from conformance.text.nested import properties

NESTED = {"inner": {"id": 2, "more": [[{"id": 3}], "text"]}, "id": 1, "none": None}


def test_own_properties_come_before_those_within() -> None:
    assert [path for path, _ in properties([NESTED])] == [
        ("inner",),
        ("id",),
        ("none",),
        ("inner", "id"),
        ("inner", "more"),
        ("inner", "more", "id"),
    ]


def test_ids_are_found_anywhere_in_the_type_that_they_have() -> None:
    assert ids_in({"rows": [NESTED]}, "id") == [1, 2, 3]
    assert ids_in("id", "id") == ids_in(None, "id") == []
