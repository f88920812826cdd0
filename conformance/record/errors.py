"""Each way a run record can be unfit to be read, by name."""

from __future__ import annotations


class RecordError(Exception):
    """The run record cannot be trusted, so nothing is rendered from it."""


class UnreadableRecordError(RecordError):
    """The file is absent, is no file, or may not be read."""


class RecordTooLargeError(RecordError):
    """The file is larger than any run of ours writes."""


class RecordEncodingError(RecordError):
    """The file is not UTF-8."""


class EmptyRecordError(RecordError):
    """The file holds no line at all."""


class BrokenLineError(RecordError):
    """A line is not one JSON object."""


class MissingHeaderError(RecordError):
    """The first line is not a header."""


class UnknownSchemaError(RecordError):
    """The record was written by a version whose lines we cannot read."""


class UnknownKindError(RecordError):
    """A line is neither header, finding nor footer."""


class MisplacedLineError(RecordError):
    """A second header, or a line after the footer."""


class MissingFieldError(RecordError):
    """A line lacks a field."""


class WrongTypeError(RecordError):
    """A field holds a value of another type than the format has there."""


class UnknownVerdictError(RecordError):
    """A verdict that the judge does not have."""


class UnknownSeverityError(RecordError):
    """A severity that the catalogue does not have."""


class UnknownImpactError(RecordError):
    """An impact that the catalogue does not have."""


class UnknownBasisError(RecordError):
    """A basis that the catalogue does not have."""


class UnknownStandingError(RecordError):
    """A standing to a known failure that the judge does not have."""


class BadIdentifierError(RecordError):
    """A requirement id that the catalogue could not hold, or one outside its area."""


class BadTimeError(RecordError):
    """A time that is not ISO 8601 with an offset, or a duration that is not one."""


class DuplicateFindingError(RecordError):
    """Two findings on one requirement, of which only one can be true."""


class CountMismatchError(RecordError):
    """The footer counts other verdicts than the record holds."""
