"""Looks in an answer for what belongs to someone else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.profile.fields import found_at
from conformance.text.redaction import spellings
from load.reply import structured

if TYPE_CHECKING:
    from typing import Any

    from conformance.profile.fields import ResultFields
    from conformance.profile.tenants import Tenants


SHORTEST = 8
"""An id shorter than this may stand in an answer by chance."""


class Lookout:
    """Knows what one tenant may see, and what it may not."""

    def __init__(self, tenants: Tenants, name: str, results: ResultFields) -> None:
        self._request_id = results.place("request_id")
        own, other = (tenants.a, tenants.b) if name == "a" else (tenants.b, tenants.a)
        self._own = _forms(own.canary)
        marks = {"canary": other.canary, "id": other.id, "key": other.key}
        self._foreign = {
            what: _forms(value)
            for what, value in marks.items()
            if value is not None and (what == "canary" or len(value) >= SHORTEST)
        }

    def foreign(self, text: str, message: dict[str, Any], request_id: str | None) -> list[str]:
        """Return what ``text``, an answer's headers and body, holds of someone else's.

        A tool that names the request it serves must name this one: a stale context shows there.
        """
        found = [
            f"the other tenant's {what}"
            for what, forms in self._foreign.items()
            if any(form in text for form in forms)
        ]
        place = self._request_id
        named = found_at(structured(message), place) if place else None
        if request_id is not None and isinstance(named, str) and named != request_id:
            found.append("another request's id")
        return found

    def shows_own_canary(self, text: str) -> bool:
        """Tell whether an answer holds the tenant's own canary: the good case."""
        return any(form in text for form in self._own)


def _forms(value: str | None) -> list[str]:
    return spellings(value) if value else []
