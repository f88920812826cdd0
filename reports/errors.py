"""Why no report can be made."""

from __future__ import annotations

from conformance.record.errors import RecordError


class ReportError(Exception):
    """No report can be made; the message is one sentence for the person who asked for it."""


class KillMatrixError(ReportError):
    """The kill matrix cannot be read."""


UNFIT = (RecordError, ReportError)
"""What a report may end in: the record cannot be read, or no document be made of it."""
