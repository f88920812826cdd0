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
    others = [name for name in answer.structured if name not in names.places().values()]
    if found is None and others and not names.is_declared(field):
        raise NotEstablishedError(
            f"could not establish what the result calls the {field}: there is no {place}, but "
            f"{', '.join(others[:_SHOWN])}: declare [fields.results] {field}"
        )
    return found


def tenant_of(target: Target) -> str | None:
    """Return where a result tells whose call it was; None where the profile says nowhere."""
    return target.fields.results.place("tenant")


def is_tenant(answer: Answer, target: Target, tenant_id: str) -> bool:
    """Tell whether a result names a tenant as the one whose call it was, as text or as a number."""
    place = tenant_of(target)
    found = found_at(answer.structured, place) if place else None
    is_number = isinstance(found, int) and not isinstance(found, bool)
    return (str(found) if is_number else found) == tenant_id


def name_of(target: Target, field: str) -> str:
    """Return what the target calls a field of its results."""
    return target.fields.results.place(field) or field
