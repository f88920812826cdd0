"""The decorator that ties a check to the clause it decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.catalogue import requirements

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.model import Channel, Requirement


def requirement(
    requirement_id: str, *, also_needs: tuple[Channel, ...] = (), unless: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Mark a check with its requirement; ``also_needs`` names channels only this check wants.

    ``unless`` is an entry of the profile: where it is false, the check has nothing to look at, and
    the requirement is left to its others.

    Raises LookupError, at import, for an id the catalogue does not have.
    """
    if requirement_id not in requirements():
        raise LookupError(f"{requirement_id} is not in the catalogue")

    def mark(check: Callable[..., None]) -> Callable[..., None]:
        return pytest.mark.requirement(requirement_id, also_needs=also_needs, unless=unless)(check)

    return mark


def mark_of(check: Callable[..., None]) -> pytest.Mark:
    """Return the mark of a check function: its requirement's id, and what else it needs.

    Raises LookupError for a function that is no check.
    """
    marks: list[pytest.Mark] = getattr(check, "pytestmark", [])
    for mark in marks:
        if mark.name == "requirement":
            return mark
    raise LookupError(f"{check.__name__} has no @requirement")


def requirement_of(item: pytest.Item) -> Requirement:
    """Return the requirement an item decides.

    Raises pytest.UsageError for a check without one: no check without a clause.
    """
    marker = item.get_closest_marker("requirement")
    if marker is None:
        raise pytest.UsageError(f"{item.nodeid} has no @requirement")
    return requirements()[marker.args[0]]


def needs_of(item: pytest.Item) -> tuple[Channel, ...]:
    """Return the channels an item needs: its clause's and its own."""
    marker = item.get_closest_marker("requirement")
    extra: tuple[Channel, ...] = marker.kwargs.get("also_needs", ()) if marker else ()
    return (*requirement_of(item).needs, *extra)


def unless_of(item: pytest.Item) -> str:
    """Return the entry of the profile that leaves an item without a subject where it is false."""
    marker = item.get_closest_marker("requirement")
    return marker.kwargs.get("unless", "") if marker else ""
