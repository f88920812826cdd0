"""One row of the trail, under our names for what stands in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from conformance.profile.events import MATCHED
from conformance.profile.fields import TrailFields, found_at
from conformance.text.addresses import plain_address
from conformance.verdicts import NotAssessedError, NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHOWN = 6
_LONGEST = 60
_DIGITS = 9


def no_field(name: str) -> NotAssessedError:
    """Return the error that a field is needed of which the profile says that there is none."""
    return NotAssessedError(f"the profile says that the trail has none: [fields.trail] {name}")


@dataclass(frozen=True)
class AuditRow:
    """A row by its own columns, and what they mean.

    A field raises NotAssessedError where the profile says that there is none, and
    NotEstablishedError where it may only be called otherwise.
    """

    columns: Mapping[str, Any]
    fields: TrailFields = field(default_factory=TrailFields, repr=False)

    @property
    def event(self) -> str | None:
        """What happened."""
        return self.text("event")

    @property
    def outcome(self) -> str | None:
        """How it ended."""
        return self.text("outcome")

    @property
    def tenant(self) -> str | None:
        """Whose request it was."""
        return self.text("tenant")

    @property
    def address(self) -> str | None:
        """Where the request came from."""
        found = self.text("address")
        return plain_address(found) if found else found

    @property
    def request_id(self) -> str | None:
        """Which request it was."""
        return self.text("request_id")

    @property
    def identity(self) -> str | None:
        """Whose key it was."""
        return self.text("identity")

    @property
    def created_at(self) -> str | None:
        """When it was written."""
        return self.text("created_at")

    @property
    def reason(self) -> str | None:
        """Why it was refused."""
        return self.text("reason")

    @property
    def scope(self) -> str | None:
        """The limit that was exceeded."""
        return self.text("scope")

    @property
    def tool(self) -> str | None:
        """The tool that was called."""
        return self.text("tool")

    @property
    def count(self) -> int | None:
        """For how many requests it stands, where it tells; others stand for one."""
        found = _as_number(self._found("count")) if self.fields.place("count") else None
        return found if found is not None and found >= 0 else None

    @property
    def numbers(self) -> dict[str, int]:
        """The whole numbers in what else it holds, by their paths: one of them may be a count."""
        return dict(_numbers(self.metadata, "")) if self.fields.place("metadata") else {}

    @property
    def metadata(self) -> dict[str, Any]:
        """What else the row holds."""
        found = parsed(self._value("metadata"))
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    def text(self, name: str) -> str | None:
        """Return what stands in a field, as text."""
        return _as_text(self._value(name))

    @cached_property
    def matched(self) -> dict[str, str | None]:
        """What patterns of events are compared with; a field that is not there is None."""
        return {name: _as_text(self._found(name)) for name in MATCHED}

    def _value(self, name: str) -> Any:
        place, column = self.fields.place(name), self.fields.column(name)
        if place is None or column is None:
            raise no_field(name)
        if column not in self.columns:
            raise NotEstablishedError(
                f"could not establish that the trail has a column {column!r} (it has "
                f"{', '.join(self.columns)}): name it in [fields.trail] {name}, or write false"
            )
        found = self._found(name)
        if found is None and "." in place and not self.fields.is_declared(name):
            self._require_no_other(name, place)
        return found

    def _found(self, name: str) -> Any:
        column, _, inner = (self.fields.place(name) or "").partition(".")
        value = self.columns.get(column)
        return found_at(parsed(value), inner) if inner else value

    def _require_no_other(self, name: str, place: str) -> None:
        """Raise NotEstablishedError where what is not found may stand under another name."""
        column = place.partition(".")[0]
        known = {other for field in MATCHED if (other := self.fields.place(field))}
        texts = dict(_texts(parsed(self.columns[column]), column))
        others = [f"{path} = {text[:_LONGEST]!r}" for path, text in texts.items()]
        if set(texts) - known:
            raise NotEstablishedError(
                f"could not establish what the trail calls the {name} of a row: there is no "
                f"{place}, but {', '.join(others[:_SHOWN])}: declare [fields.trail] {name}"
            )


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _as_number(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) <= _DIGITS:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _numbers(value: Any, path: str) -> Iterator[tuple[str, int]]:
    """Yield every whole number in a JSON object by its path."""
    if isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            yield from _numbers(inner, f"{path}.{name}" if path else name)
    elif (found := _as_number(value)) is not None:
        yield path, found


def parsed(value: Any) -> Any:
    """Return a JSON value out of a column of text; any other value as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield every text in a JSON object that is not empty, by its path."""
    if isinstance(value, str) and value:
        yield path, value
    elif isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            yield from _texts(inner, f"{path}.{name}")
