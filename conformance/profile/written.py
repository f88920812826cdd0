"""Channels of the profile that are texts a target goes on writing: its log, and its trail."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from conformance.profile.sections import Secret, Section

MOST_LAG = 120
"""Seconds that a trail may be behind: each wait for a row that does not come takes as long."""


class WrittenText(Section):
    """A text that grows: a file, or a command that prints it and ends."""

    file: str | None = None
    command: tuple[str, ...] = ()

    @property
    def ways(self) -> tuple[str, ...]:
        """The entries that each say where it is."""
        return tuple(name for name in ("file", "command") if getattr(self, name))

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        if len(self.ways) != 1:
            told = " and ".join(self.ways) or "nothing"
            choices = sorted(type(self).model_fields.keys() - {"table", "lag_seconds"})
            raise ValueError(f"names {told}; it takes one of {', '.join(choices)}")
        return self


class Log(WrittenText):
    """The server's log: a file, or a command that prints it and ends, as `docker logs NAME`.

    Its lines are JSON objects, or what [fields.log] pattern reads. A file may be rotated.
    """


class Auditor(WrittenText):
    """The trail, in one of three places.

    ``dsn`` is SQL that may read the trail's ``table``, and the rest of the database for secrets at
    rest. Else the trail is exported as JSON lines, an object a row: to a ``file``, or by a
    ``command`` that prints them and ends. What only a database can show is not assessed then.
    ``lag_seconds`` is how far any of them may be behind; that a database is a replica is found out.
    """

    dsn: Secret | None = None
    table: str = "audit_log"
    lag_seconds: float = Field(default=0.0, ge=0, le=MOST_LAG)

    @property
    def ways(self) -> tuple[str, ...]:
        """The entries that each say where it is."""
        return (*(["dsn"] if self.dsn else []), *super().ways)

    @model_validator(mode="after")
    def _has_a_table_in_a_database(self) -> Self:
        if self.dsn is None and "table" in self.model_fields_set:
            raise ValueError(f"has a table, which needs a dsn, and names {self.ways[0]}")
        return self
