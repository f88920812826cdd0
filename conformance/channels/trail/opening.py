"""Which reader a profile's trail has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.sql.auditor import TableTrail
from conformance.channels.trail.lines import LinesTrail
from conformance.profile.target import supplied

if TYPE_CHECKING:
    from conformance.channels.trail.reader import AuditReader
    from conformance.profile.target import Target


def trail_of(target: Target) -> AuditReader:
    """Return the reader of a target's trail. Raises LookupError where the profile names none."""
    channel = supplied(target.channels.auditor)
    if channel.dsn is not None:
        return table_of(target)
    trail = LinesTrail(channel, target.fields.trail, target.events)
    trail.lag_seconds = channel.lag_seconds
    return trail


def table_of(target: Target) -> TableTrail:
    """Return the reader of a trail that is a table, which reads other tables, too."""
    channel = supplied(target.channels.auditor)
    fields = target.fields.trail
    trail = TableTrail(supplied(channel.dsn), channel.table, fields, target.events)
    trail.lag_seconds = channel.lag_seconds
    return trail
