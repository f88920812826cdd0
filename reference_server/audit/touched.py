"""What an identity touched: the rows of the trail that name it, the newest first, page by page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from reference_server.audit.metadata import to_stored_json
from reference_server.core.errors import ConfigurationError
from reference_server.core.text import clean_text
from reference_server.db.questions import IN_ORDER, MOST_ROWS, QUESTIONS, USUAL_ROWS, Touching
from reference_server.observability.redaction import TokenRedactor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from sqlalchemy import Engine

_BEHIND_ALL = ("infinity", 2**63 - 1)
_AS_STORED = {Touching.SESSION, Touching.TOKEN, Touching.SUBJECT}
_IDS = {Touching.TENANT, Touching.KEY}


@dataclass(frozen=True)
class Identity:
    """Whom or what is asked about; ``tenant`` is that of a subject, which has no other."""

    kind: Touching
    value: str
    tenant: UUID | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be on the trail; ConfigurationError, naming the remedy."""
        if self.kind in _IDS:
            _uuid(self.value, self.kind)
        if (self.tenant is None) == (self.kind is Touching.SUBJECT):
            raise ConfigurationError(
                "A subject is known within its tenant, and nothing else needs one: give --tenant "
                f"with {Touching.SUBJECT.value}, and with nothing else."
            )

    @property
    def on_the_trail(self) -> str:
        """The value as rows have it, which hold no more of a caller's text than is safe."""
        if self.kind not in _AS_STORED:
            return clean_text(self.value)
        stored = to_stored_json({"value": self.value}, TokenRedactor())
        return str(json.loads(stored)["value"])


@dataclass(frozen=True)
class Place:
    """Where a row stands in the order of time: what the page after it begins behind."""

    moment: datetime
    position: int

    def __str__(self) -> str:
        return f"{self.moment.isoformat()}/{self.position}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what ``str`` wrote; ConfigurationError for anything else."""
        moment, _, position = text.partition("/")
        try:
            return cls(datetime.fromisoformat(moment), int(position))
        except ValueError as error:
            raise ConfigurationError(
                f"--before {text!r} is no place: give what the page before ended with."
            ) from error


@dataclass(frozen=True)
class Row:
    """One row of the trail."""

    place: Place
    event: str
    outcome: str
    tenant: UUID | None
    key: UUID | None
    address: str | None
    request: str | None
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """Rows, the newest first, and what the next page is asked for ``before``; None at the end."""

    rows: tuple[Row, ...]
    before: Place | None


def touched(
    engine: Engine,
    identity: Identity,
    before: Place | None = None,
    rows: int = USUAL_ROWS,
) -> Page:
    """Return a page of what an identity touched, read as a role that may.

    It is one statement, answered from one index however long the trail is. Errors of the database
    pass through; ConfigurationError for a page of no rows, or of more than ``MOST_ROWS``.
    """
    if not 1 <= rows <= MOST_ROWS:
        raise ConfigurationError(f"A page has 1 to {MOST_ROWS} rows, not {rows}: change --rows.")
    values = values_of(identity, before, rows + 1)  # one more tells whether there are more
    with engine.connect() as connection:
        connection.exec_driver_sql(IN_ORDER)
        found = list(map(_row, connection.exec_driver_sql(QUESTIONS[identity.kind], values)))
    shown = tuple(found[:rows])
    return Page(shown, shown[-1].place if len(found) > rows else None)


def values_of(identity: Identity, before: Place | None, rows: int) -> dict[str, Any]:
    """Return the values of the question's placeholders."""
    moment, position = (before.moment, before.position) if before else _BEHIND_ALL
    return {
        "identity": identity.on_the_trail,
        "tenant": identity.tenant,
        "moment": moment,
        "position": position,
        "rows": rows,
    }


def _row(found: Sequence[Any]) -> Row:
    position, moment, *facts = found
    return Row(Place(moment, position), *facts)


def _uuid(text: str, kind: Touching) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ConfigurationError(f"The {kind.value} {text!r} is no UUID: give its id.") from error
