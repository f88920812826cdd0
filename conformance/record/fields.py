"""Typed, checked access to one line of a run record."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar, cast

from conformance.record.errors import (
    BadTimeError,
    BrokenLineError,
    MissingFieldError,
    RecordError,
    WrongTypeError,
)
from conformance.text.printable import printable, single_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

T = TypeVar("T")
W = TypeVar("W", bound=StrEnum)
_YEARS = (2000, 2999)


class Fields:
    """One JSON object. Every text that leaves it is printable.

    ``place`` says where the object stands, for error messages.
    """

    def __init__(self, values: dict[str, Any], place: str) -> None:
        self._values, self._place = values, place

    @classmethod
    def parse(cls, line: str, place: str) -> Self:
        """Read one line. Raises BrokenLineError unless it is one JSON object."""
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BrokenLineError(f"{place} is not JSON") from error
        if not isinstance(values, dict):
            raise BrokenLineError(f"{place} is not a JSON object")
        return cls(cast("dict[str, Any]", values), place)

    def complain(self, kind: type[RecordError], what: str) -> RecordError:
        """Return an error that names this line; the caller raises it."""
        return kind(f"{self._place}: {what}")

    def lines(self, name: str) -> str:
        """Return a text that may have several lines."""
        return printable(self._typed(name, str))

    def later_lines(self, name: str) -> str:
        """Return a text that the format did not always have: empty where it is absent."""
        return self.lines(name) if name in self._values else ""

    def line(self, name: str) -> str:
        """Return a text, on one line."""
        return single_line(self._typed(name, str))

    def word(self, name: str, kind: type[W], wrong: type[RecordError]) -> W:
        """Return a text that is one of an enumeration's words; ``wrong`` for any other."""
        found = self.line(name)
        if found not in set(kind):
            raise self.complain(wrong, f"unknown {name} {found!r}")
        return kind(found)

    def optional_line(self, name: str) -> str | None:
        """Return a text on one line, or None where the record says null."""
        return None if self._present(name) is None else self.line(name)

    def later_line(self, name: str) -> str | None:
        """Return a text on one line; None where it is null, or the record is older than it."""
        return self.optional_line(name) if name in self._values else None

    def later_truth(self, name: str, *, otherwise: bool) -> bool:
        """Return true or false; ``otherwise`` where the record is older than it."""
        value = self._values.get(name, otherwise)
        if not isinstance(value, bool):
            raise self.complain(WrongTypeError, f"{name} is neither true nor false")
        return value

    def later_object(self, name: str) -> Fields | None:
        """Return an object; None where it is null, or the record is older than it."""
        return None if self._values.get(name) is None else self.object(name)

    def strings(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, each on one line."""
        items = self._items(name)
        if not all(isinstance(item, str) for item in items):
            raise self.complain(WrongTypeError, f"{name} holds something that is not a text")
        return tuple(single_line(item) for item in items)

    def objects(self, name: str, make: Callable[[Fields], T]) -> tuple[T, ...]:
        """Return a list of objects, each made by ``make``."""
        return tuple(make(self._child(item, name)) for item in self._items(name))

    def object(self, name: str) -> Fields:
        """Return the object under ``name``."""
        return self._child(self._present(name), name)

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return the object under ``name``, a text each, as pairs in their order."""
        inner = self.object(name)
        return tuple((single_line(key), inner.line(key)) for key in inner.names())

    def names(self) -> tuple[str, ...]:
        """Return the names of this object's fields, as they stand."""
        return tuple(self._values)

    def whole(self, name: str) -> int:
        """Return a whole number; true and false are none."""
        value = self._present(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.complain(WrongTypeError, f"{name} is not a whole number")
        return value

    def seconds(self, name: str) -> float:
        """Return a duration in seconds, finite and not negative."""
        value = self._present(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.complain(WrongTypeError, f"{name} is not a number")
        if not math.isfinite(value) or value < 0:
            raise self.complain(BadTimeError, f"{name} is not a duration in seconds")
        return float(value)

    def time(self, name: str) -> datetime:
        """Return a moment, in UTC; it must carry its offset, or two runs could not be compared."""
        text = self._typed(name, str)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise self.complain(BadTimeError, f"{name} is not an ISO 8601 time") from error
        if moment.tzinfo is None:
            raise self.complain(BadTimeError, f"{name} has no offset from UTC")
        # Formats of others hold the years of this millennium alone; no run is of any other.
        if not _YEARS[0] < moment.year < _YEARS[1]:
            raise self.complain(BadTimeError, f"{name} is not a time that a run can have")
        return moment.astimezone(UTC)

    def _present(self, name: str) -> Any:
        if name not in self._values:
            raise self.complain(MissingFieldError, f"{name} is missing")
        return self._values[name]

    def _typed(self, name: str, kind: type[T]) -> T:
        value = self._present(name)
        if not isinstance(value, kind):
            raise self.complain(WrongTypeError, f"{name} is not a {kind.__name__}")
        return value

    def _items(self, name: str) -> list[Any]:
        return cast("list[Any]", self._typed(name, list))

    def _child(self, value: Any, name: str) -> Fields:
        if not isinstance(value, dict):
            raise self.complain(WrongTypeError, f"{name} is not an object")
        return Fields(cast("dict[str, Any]", value), f"{self._place}, {name}")
