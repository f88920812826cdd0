"""What has reached the judge's mail provider."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.utils import getaddresses, parseaddr
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.downstream import ARRIVAL_SECONDS, Downstream
from conformance.profile.mail import MAIL_COMMAND
from conformance.waiting import wait_for
from conformance.world.mail import EMAILS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.downstream import Arrived

_OF_THE_HEAD = ("from", "to", "cc", "bcc", "reply_to", "subject", "headers")
_RECEIVING = ("to", "cc", "bcc")
_PAUSE = 0.05


@dataclass(frozen=True)
class Mail:
    """A message as the target gave it to its provider (the body of `POST /emails`)."""

    id: str
    document: dict[str, Any] = field(repr=False)

    @property
    def sender(self) -> str:
        """Who sends it, as it stands there."""
        return str(self.document.get("from", ""))

    @property
    def domain(self) -> str:
        """The domain of the sender's address, in small letters."""
        return parseaddr(self.sender)[1].rpartition("@")[2].lower()

    @property
    def recipients(self) -> list[str]:
        """All addresses that get it, in small letters."""
        told = [text for name in _RECEIVING for text in _texts(self.document.get(name))]
        return [address.lower() for _, address in getaddresses(told) if address]

    @property
    def headers(self) -> dict[str, str]:
        """Header fields of its own, by their names in small letters."""
        told = self.document.get("headers")
        table = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
        return {name.lower(): str(value) for name, value in table.items()}

    @property
    def tags(self) -> dict[str, str]:
        """What the sender has the provider remember, as its webhooks tell it again."""
        told = self.document.get("tags")
        pairs = cast("list[dict[str, Any]]", told) if isinstance(told, list) else []
        return {str(one.get("name")): str(one.get("value")) for one in pairs}

    @property
    def text(self) -> str | None:
        """Its plain text, None where it has none."""
        return self._part("text")

    @property
    def html(self) -> str | None:
        """Its HTML, None where it has none."""
        return self._part("html")

    def head(self) -> Iterator[str]:
        """Yield every text of which a header field is made."""
        for name in _OF_THE_HEAD:
            yield from _texts(self.document.get(name))

    def _part(self, name: str) -> str | None:
        told = self.document.get(name)
        return told if isinstance(told, str) else None


class Mailbox(Downstream):
    """Asks the provider what has come."""

    section, command = "world.mail", MAIL_COMMAND

    def mails(self, word: str) -> list[Mail]:
        """Return the messages that hold a word, in their order; errors as ``calls``."""
        return [mail for one in self.calls(word) if (mail := _mail(one)) is not None]

    def delivered(self, word: str) -> Mail | None:
        """Return the first of them, waiting a bounded time for it."""
        found = wait_for(lambda: self.mails(word), ARRIVAL_SECONDS, _PAUSE)
        return found[0] if found else None


def _mail(one: Arrived) -> Mail | None:
    try:
        told = json.loads(one.body)
    except ValueError:
        return None
    is_one = (one.method, one.path) == ("POST", EMAILS) and isinstance(told, dict)
    return Mail(one.id, cast("dict[str, Any]", told)) if is_one else None


def _texts(value: Any) -> list[str]:
    """Return the texts of a JSON value, names in tables among them."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for one in cast("list[Any]", value) for text in _texts(one)]
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        return [text for name, one in table.items() for text in (name, *_texts(one))]
    return []
