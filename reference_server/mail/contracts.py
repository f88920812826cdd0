"""What sending mail takes and promises."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, Any, Protocol

from reference_server.core.errors import CallerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID


class MailRefusal(StrEnum):
    """Why a message is not sent. The values stand in the trail."""

    RECIPIENT = "recipient"
    SUBJECT = "subject"
    BODY = "body"
    CONTENT = "content"
    SUPPRESSED = "suppressed"
    PROVIDER = "provider"


class RefusedMailError(CallerError):
    """A message is not sent, for a reason that its caller may read; ``rule`` is the trail's."""

    def __init__(self, refusal: MailRefusal, message: str, rule: str = "") -> None:
        super().__init__(message)
        self.refusal, self.rule = refusal, rule


class FailedMailError(Exception):
    """The provider did not take a message."""


@dataclass(frozen=True)
class Letter:
    """What a caller wants sent: a text, or HTML, of which a text is made."""

    recipient: str
    subject: str
    text: str = ""
    html: str = ""


@dataclass(frozen=True)
class Sent:
    """A message that is kept of: whose, which and to whom."""

    tenant: UUID
    message: UUID
    recipient: str


class Happened(Enum):
    """What a webhook tells, as far as it matters here."""

    FAILED = auto()
    COMPLAINED = auto()


@dataclass(frozen=True)
class Told:
    """What has happened to which message."""

    happened: Happened
    tenant: UUID
    message: UUID


class Provider(Protocol):
    """Who delivers."""

    def send(self, document: Mapping[str, Any]) -> None:
        """Hand a message over; FailedMailError where it is not taken."""
        ...


class Screen(Protocol):
    """Knows phishing and impersonation."""

    def find(self, letter: Letter) -> str | None:
        """Return the rule that a letter breaks, None for none."""
        ...


class Ledger(Protocol):
    """Keeps what was sent where, for each tenant apart. All raise StorageUnavailableError."""

    def is_suppressed(self, tenant: UUID, recipient: str) -> bool:
        """Tell whether an address gets no more of a tenant's mail."""
        ...

    def record(self, tenant: UUID, recipient: str) -> UUID:
        """Note a message that is about to be sent; return its id."""
        ...

    def fail(self, tenant: UUID, message: UUID) -> int | None:
        """Note that a message has failed for good; return how many to its address have.

        None where there is no such message, or its failure is known.
        """
        ...

    def end(self, tenant: UUID, message: UUID) -> bool:
        """Note that who got a message wants no more of them; tell whether that is new."""
        ...


class Webhooks(Protocol):
    """Knows the provider's own words from others'."""

    def admits(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether a webhook is the provider's, and of now; names in small letters."""
        ...


class Links(Protocol):
    """Makes the links by which mail is ended, and reads them back."""

    def make(self, tenant: UUID, message: UUID) -> str:
        """Return the URL of a message."""
        ...

    def read(self, word: str) -> tuple[UUID, UUID] | None:
        """Return the tenant and the message of a URL's last part, None for a forged one."""
        ...


@dataclass(frozen=True)
class MailParts:
    """What mail is made of."""

    sender: str
    provider: Provider
    recipient: Callable[[str], str]
    """Returns an address as it is kept; RefusedMailError for what is none."""
    subject: Callable[[str], str]
    """Returns a subject; RefusedMailError for what is none."""
    screen: Screen
    compose: Callable[[MailParts, Letter, Sent], dict[str, Any]]
    """Makes the provider's document of a letter."""
    ledger: Ledger
    webhooks: Webhooks
    read: Callable[[bytes], Told | None]
    """Returns what a webhook's body tells of a message of ours, None for nothing."""
    links: Links
    suppressed_after: int = 3
