"""Which reader a profile's trail has."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from conformance.channels.sql.auditor import TableTrail
from conformance.channels.trail.lines import LinesTrail
from conformance.profile.target import supplied

if TYPE_CHECKING:
    from conformance.channels.trail.reader import AuditReader
    from conformance.profile.target import Target
    from conformance.profile.written import Auditor

Reader = TypeVar("Reader", bound="AuditReader")


def trail_of(target: Target) -> AuditReader:
    """Return the reader of a target's trail. Raises LookupError where the profile names none."""
    channel = supplied(target.channels.auditor)
    if channel.dsn is not None:
        return table_of(target)
    return _with_lag(LinesTrail(channel, target.fields.trail, target.events), channel)


def table_of(target: Target) -> TableTrail:
    """Return the reader of a trail that is a table, which reads other tables, too."""
    channel = supplied(target.channels.auditor)
    fields = target.fields.trail
    table = TableTrail(supplied(channel.dsn), channel.table, fields, target.events)
    return _with_lag(table, channel)


def _with_lag(trail: Reader, channel: Auditor) -> Reader:
    trail.lag_seconds = channel.lag_seconds
    return trail
