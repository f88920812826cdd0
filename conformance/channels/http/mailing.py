"""Mail sent through the target's tool, and its provider's word on what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.channels.http.answer import is_done
from conformance.forge.filling import with_filled_in
from conformance.forge.guise import own_word
from conformance.forge.webhooks import Failure, Webhook, event_of
from conformance.profile.target import supplied
from conformance.verdicts import establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.mailbox import Mail, Mailbox
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.forge.requests import Request
    from conformance.profile.mail import MailTool

LATE_SECONDS = 0.5
"""How long after the last answer a message may still come."""
EFFECT_SECONDS = 5.0
"""How long a webhook's effect may take, where it is carried out after the answer."""


@dataclass(frozen=True)
class Letter:
    """What is to be sent. ``word`` is its own, and stands in its body."""

    recipient: str
    word: str
    subject: str = "Weekly report"
    body: str = "The report of the week is in your workspace."
    is_html: bool = False
    more: tuple[tuple[str, Any], ...] = ()


def address() -> str:
    """Return an address that nobody has (RFC 2606 section 3)."""
    return f"{own_word()}@example.com"


def letter(recipient: str = "", **told: Any) -> Letter:
    """Return a letter with a word of its own, to an address of its own where none is named."""
    return Letter(recipient or address(), own_word(), **told)


class Post:
    """Sends letters, and tells what reached the provider."""

    def __init__(self, wire: Wire, tool: MailTool, mailbox: Mailbox, passage: Passage) -> None:
        self.wire, self.tool, self.mailbox = wire, tool, mailbox
        self._passage = passage

    def send(self, key: str, one: Letter) -> Answer:
        """Have the target send a letter; return what the tool answers."""
        form = self.tool.html_arguments if one.is_html else self.tool.arguments
        # The word comes first: nothing that a body ends with may hide it, or be spoilt by it.
        body = f"<p>{one.word}</p>{one.body}" if one.is_html else f"{one.word}\n\n{one.body}"
        filled = {"recipient": one.recipient, "subject": one.subject, "body": body}
        arguments = {**with_filled_in(form, filled), **dict(one.more)}
        return self.wire.call_tool(self.tool.name, arguments, key=key)

    def arrives(self, key: str, one: Letter) -> Mail | None:
        """Send a letter; return the message that came, None where the target refused it."""
        answer = self.send(key, one)
        found = self.mailbox.mails(one.word)
        if not found and answer.succeeded:
            return self.mailbox.delivered(one.word)  # taken, so that it may still come
        return found[0] if found else None

    def require(self, key: str, one: Letter | None = None) -> Mail:
        """Send a letter that must arrive. Raises NotEstablishedError where it does not."""
        sent = one or letter()
        answer = self.send(key, sent)
        mail = self.mailbox.delivered(sent.word)
        establish(mail is not None, f"{self.tool.name} sends an ordinary message (got {answer})")
        assert mail is not None  # noqa: S101 -- for the type alone: it was established
        return mail

    def arrived_of(self, key: str, letters: Iterable[Letter]) -> dict[str, Mail]:
        """Send letters; return those that came, by their words.

        An ordinary message is sent behind them: where mail waits in a queue, that one comes last.
        """
        sent = list(letters)
        taken = [one.word for one in sent if self.send(key, one).succeeded]
        self.require(key)
        wait_for(lambda: all(map(self.mailbox.mails, taken)), LATE_SECONDS, LATE_SECONDS / 4)
        return {one.word: found[0] for one in sent if (found := self.mailbox.mails(one.word))}

    def webhook(self, mail: Mail, failure: Failure = Failure.PERMANENT) -> Webhook:
        """Return the provider's word that a message was not delivered, as of now."""
        now = self._passage.now()
        told = event_of(mail.id, mail.sender, mail.recipients, mail.tags, failure, now)
        form = supplied(self.wire.target.mail.webhook)
        return Webhook(form, told, now)

    def report(self, request: Request, *, is_right: bool = True) -> Answer:
        """Send a webhook, from no address that a wrong one would have blocked."""
        return self.wire.send(request, is_guarded=not is_right)

    def fail(self, mail: Mail, failure: Failure = Failure.PERMANENT) -> None:
        """Report a message's failure. Raises NotEstablishedError where that is refused."""
        answer = self.report(self.webhook(mail, failure).request())
        establish(is_done(answer), f"a webhook that is right is accepted (got {answer})")

    def is_suppressed(self, key: str, recipient: str) -> bool:
        """Tell whether a tenant's mail to an address is withheld, waiting a bounded time for it."""
        return wait_for(lambda: self.arrives(key, letter(recipient)) is None, EFFECT_SECONDS, 0.2)
