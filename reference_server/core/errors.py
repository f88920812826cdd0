"""Errors with a meaning of their own. Each message names what to change."""

from __future__ import annotations


class ReferenceServerError(Exception):
    """Base of every error this server raises on purpose."""


class ConfigurationError(ReferenceServerError):
    """A setting or a secret is missing or wrong: the server does not start (exit code 2)."""


class DatabaseNotReadyError(ReferenceServerError):
    """The database is absent or not migrated: the server does not start (exit code 3)."""


class StorageUnavailableError(ReferenceServerError):
    """A guard's storage did not answer: the request is refused with 503 (fail closed)."""


class DumpError(ReferenceServerError):
    """A dump could not be taken or put back: nothing was changed (exit code 4)."""


class MigrationError(ReferenceServerError):
    """A migration failed after its dump was taken: the message says how to restore (exit 4)."""


class ToolError(ReferenceServerError):
    """A tool failed. Callers see a fixed message; ``detail`` goes, scrubbed, to log and trail."""

    def __init__(self, message: str, detail: object = None) -> None:
        super().__init__(message)
        self.detail = detail


class CallerError(ToolError):
    """The caller asked for what cannot be: the message is his to read."""


class RefusedUrlError(CallerError):
    """The caller's URL is not to be fetched, or cannot be."""


class UnknownObjectError(CallerError):
    """The caller named something that is not there for him: absent and another tenant's alike."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"There is no such {kind}.")
