"""The trail as it is exported: JSON lines, an object a row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from conformance.channels.log import as_object
from conformance.channels.source import source_of
from conformance.channels.trail.reader import AuditReader
from conformance.channels.trail.row import AuditRow
from conformance.profile.fields import found_at
from conformance.text.addresses import plain_address
from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from conformance.profile.events import Events
    from conformance.profile.fields import TrailFields
    from conformance.profile.written import Auditor

_SHOWN = 100


class LinesTrail(AuditReader):
    """Reads a file of JSON lines, or what a command prints of them.

    Rows are in the order of their lines, or in that of the field which the profile names for it. A
    row without an entry that another row has is one in which it is null.
    """

    whole: ClassVar[str] = "the exported trail"
    is_shared: ClassVar[bool] = False

    def __init__(self, channel: Auditor, fields: TrailFields, events: Events) -> None:
        super().__init__(fields, events)
        self._source = source_of(channel, "channels.auditor", with_errors=False)

    @property
    def pause(self) -> float:
        """Seconds between two looks at a trail that is waited for."""
        return self._source.pause

    def rows(self, *, request_id: str | None = None, address: str | None = None) -> list[AuditRow]:
        """Return the rows of a request, of an address, or all, in the trail's order.

        Raises NotEstablishedError where no line is an object: that is no trail of JSON lines.
        """
        objects, others = self._read()
        if others and not objects:
            raise NotEstablishedError(
                "could not establish that the trail is exported as JSON lines: no line of "
                f"[channels.auditor] is an object, as {others[0][:_SHOWN]!r}"
            )
        known = dict.fromkeys(name for one in objects for name in one)
        found = [AuditRow({**known, **one}, self.fields) for one in self._ordered(objects)]
        if request_id is not None:
            found = [row for row in found if row.request_id == request_id]
        if address is not None:
            found = [row for row in found if row.address == plain_address(address)]
        return found

    def unreadable(self, **where: str | None) -> list[str]:
        """Return the lines that are no objects and hold what is asked for."""
        wanted = [word for word in where.values() if word is not None]
        return [line for line in self._read()[1] if all(word in line for word in wanted)]

    def text(self) -> str:
        """Return the lines, as they are and with what JSON escapes in them in the clear."""
        objects, _ = self._read()
        return "\n".join([self.dump(), *(json.dumps(one, ensure_ascii=False) for one in objects)])

    def dump(self) -> str:
        """Return the lines."""
        return self._source.whole().decode("utf-8", "replace")

    def close(self) -> None:
        """Let go of the file."""
        self._source.close()

    def _read(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Return the objects, and the lines that are none."""
        objects: list[dict[str, Any]] = []
        others: list[str] = []
        *lines, last = self.dump().split("\n")
        for line in filter(str.strip, lines):
            if (found := as_object(line)) is None:
                others.append(line)
            else:
                objects.append(found)
        if (found := as_object(last)) is not None:  # else it has no end yet: it is being written
            objects.append(found)
        return objects, others

    def _ordered(self, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not self.fields.is_declared("order"):
            return objects
        place = self.fields.order
        return sorted(objects, key=lambda one: _rank(found_at(one, place)))


def _rank(value: object) -> tuple[int, float, str]:
    """Return what puts values in order: numbers, then texts, then what is neither."""
    if isinstance(value, int | float):
        return 0, value, ""
    return (1, 0, value) if isinstance(value, str) else (2, 0, "")
