"""What the target calls the fields of its answers, of its log and of its trail."""

from __future__ import annotations

import re
import warnings
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, WithJsonSchema

from conformance.profile.sections import Section

PLACE_MARK, FIELD_MARK = "place", "field"
"""The formats by which a JSON schema tells entries that may be false, and those that may not."""
_PLACE = re.compile(r"[^.]+(\.[^.]+)*")


def _place(entry: object) -> str:
    if not isinstance(entry, str) or not _PLACE.fullmatch(entry):
        raise ValueError('is no field: write a name, or a path of names such as "metadata.reason"')
    return entry


def _place_or_false(entry: object) -> str | Literal[False]:
    return False if entry is False else _place(entry)


Place = Annotated[
    Any, BeforeValidator(_place_or_false), WithJsonSchema({"type": "string", "format": PLACE_MARK})
]
"""A field, or a path to it; false where there is none."""
Needed = Annotated[
    str, BeforeValidator(_place), WithJsonSchema({"type": "string", "format": FIELD_MARK})
]
"""A field that there must be."""


class Named(Section):
    """A table of fields by our names for them."""

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """Return our names."""
        return tuple(cls.model_fields)

    def place(self, field: str) -> str | None:
        """Return where a field stands; None where the profile says that there is none."""
        return getattr(self, field) or None

    def places(self) -> dict[str, str]:
        """Return where fields stand, of those that there are, by our names."""
        return {field: place for field in self.fields() if (place := self.place(field))}

    def is_declared(self, field: str) -> bool:
        """Tell whether the profile names the field itself, so that its name is beyond doubt."""
        return field in self.model_fields_set


class TrailFields(Named):
    """Columns of the trail's table; ``a.b`` is what the JSON in column ``a`` has under ``b``.

    ``order`` is what rows are in order by, ``identity`` whose key it was, ``count`` for how many
    requests a row stands. Of ``reason``, ``scope``, ``tool`` and ``count`` each stands in
    ``metadata`` under its own name unless said otherwise.
    """

    order: Needed = "id"
    created_at: Place = "created_at"
    event: Needed = "event_type"
    outcome: Place = "outcome"
    tenant: Place = "tenant_id"
    address: Place = "actor_ip"
    request_id: Place = "request_id"
    identity: Place = "actor_key_id"
    metadata: Place = "metadata"
    reason: Place = "metadata.reason"
    scope: Place = "metadata.scope"
    tool: Place = "metadata.tool"
    count: Place = "metadata.count"

    def place(self, field: str) -> str | None:
        """Return where a field stands; None where the profile says that there is none."""
        if field in {"reason", "scope", "tool", "count"} and not self.is_declared(field):
            return f"{self.metadata}.{field}" if self.metadata else None
        return super().place(field)

    def column(self, field: str) -> str | None:
        """Return the column that a field is, or stands in."""
        place = self.place(field)
        return place.partition(".")[0] if place else None


def _pattern(text: str, info: ValidationInfo) -> str:
    try:
        with warnings.catch_warnings(action="ignore"):  # what Python may read otherwise one day
            groups = re.compile(text).groupindex
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression of Python: {error}") from None
    if not groups:
        raise ValueError("has no named group; write an entry of a line as (?P<request_id>...)")
    for field, place in info.data.items():
        if place and place != LogFields.model_fields[field].default and place not in groups:
            raise ValueError(f"has no group {place!r}, which {field} names: write (?P<{place}>...)")
    return text


class LogFields(Named):
    """Entries of a log line; false where lines have no such entry.

    ``pattern`` reads lines that are not JSON: a regular expression of Python, matched from the
    start of a line, whose named groups are the entries. It sees 8192 characters of a line, and may
    take ten seconds in all. A group that takes no part in a match is an entry that is not there.
    """

    time: Place = "time"
    level: Place = "level"
    request_id: Place = "request_id"
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """Return our names."""
        return tuple(name for name in cls.model_fields if name != "pattern")

    def place(self, field: str) -> str | None:
        """Return where a field stands; None where there is none, or no group of the pattern."""
        return None if self.is_untold(field) else super().place(field)

    def is_untold(self, field: str) -> bool:
        """Tell whether a pattern leaves a field out of which nobody says that there is none."""
        place = super().place(field)
        if self.pattern is None or place is None:
            return False
        return place not in re.compile(self.pattern).groupindex

    @property
    def is_json(self) -> bool:
        """Whether the profile tells that lines are JSON, by naming an entry of one."""
        named = (field for field in self.fields() if self.is_declared(field))
        return self.pattern is None and any(map(self.place, named))


class ResultFields(Named):
    """What the result of [tools] ping tells of its caller; false where it does not."""

    ok: Place = "ok"
    tenant: Place = "tenantId"
    request_id: Place = "requestId"


class AdminFields(Named):
    """Entries of what an administrator sends and is answered.

    ``key`` and ``key_id`` may be paths in an answer; what is sent has the last name of one.
    """

    tenant: Needed = "tenantId"
    description: Place = "description"
    key: Needed = "apiKey"
    key_id: Needed = "keyId"


class HealthFields(Named):
    """What the health route tells; false where it does not."""

    ok: Place = "ok"
    version: Place = "version"
    uptime: Place = "uptimeSec"


class Fields(Section):
    """What the target calls the fields of its answers, of its log and of its trail."""

    results: ResultFields = ResultFields()
    admin: AdminFields = AdminFields()
    health: HealthFields = HealthFields()
    log: LogFields = LogFields()
    trail: TrailFields = TrailFields()


def found_at(value: Any, place: str) -> Any:
    """Return what stands at a place in a JSON value; None where nothing does."""
    for step in place.split("."):
        value = cast("dict[str, Any]", value).get(step) if isinstance(value, dict) else None
    return value
