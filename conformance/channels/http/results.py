"""What a target tells of a caller in its results, under the names that its profile gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.profile.fields import found_at
from conformance.verdicts import NotAssessedError, NotEstablishedError

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.profile.target import Target

_SHOWN = 8


def field_of(answer: Answer, target: Target, field: str) -> Any:
    """Return what a result has in a field of ours; None where it has nothing.

    Raises NotAssessedError where the profile says that it tells no such thing, and
    NotEstablishedError where it may only call it otherwise.
    """
    names = target.fields.results
    place = names.place(field)
    if place is None:
        raise NotAssessedError(
            f"the profile says that no result tells it: [fields.results] {field}"
        )
    found = found_at(answer.structured, place)
    others = [name for name in answer.structured if name not in _known(target)]
    if found is None and others and not names.is_declared(field):
        raise NotEstablishedError(
            f"could not establish what the result calls the {field}: there is no {place}, but "
            f"{', '.join(others[:_SHOWN])}: declare [fields.results] {field}"
        )
    return found


def told_or_declared(answer: Answer, target: Target, field: str) -> Any:
    """Return what ``field_of`` does, of a field that results need not have.

    Raises NotAssessedError where neither the result nor the profile knows it: that a caller is told
    such a thing at all is what a target declares.
    """
    found = field_of(answer, target, field)
    if found is None and not target.fields.results.is_declared(field):
        raise NotAssessedError(
            f"the result has no {name_of(target, field)}: declare [fields.results] {field}, as the "
            "field that tells it or as false"
        )
    return found


def name_of(target: Target, field: str) -> str:
    """Return what the target calls a field of its results."""
    return target.fields.results.place(field) or field


def _known(target: Target) -> set[str]:
    names = target.fields.results
    return {place for field in type(names).model_fields if (place := names.place(field))}
