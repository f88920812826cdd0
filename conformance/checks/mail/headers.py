"""Who a message is from, and what a caller's text can make of its head."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.channels.http.mailing import address, letter
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.mailbox import Mail
    from conformance.channels.http.mailing import Letter, Post
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

_ELSEWHERE = "elsewhere.example"
_SENDING = ("from", "sender", "from_email", "fromEmail", "from_address", "reply_from", "domain")
_BREAKS = {
    "CR LF": "\r\n",
    "LF": "\n",
    "CR": "\r",
    "CR LF and a fold": "\r\n ",
    "NUL": "\0",
    "VT": "\v",
    "FF": "\f",
}
_CONTROLS = frozenset(map(chr, (*range(9), *range(10, 32), 127)))
"""What no header field holds (RFC 5322 section 2.2), a tab aside, which folds."""


@requirement("MAIL-01")
def test_the_sender_is_of_the_declared_domain(post: Post, keys: Keys, target: Target) -> None:
    """Both tenants' mail, since a sender may be made of who asks."""
    domain = str(supplied(target.mail.domain)).lower()
    for tenant in (keys.a, keys.b):
        mail = post.require(tenant.active)
        assert mail.domain == domain, f"a message is from {mail.sender}, not of {domain}"


@requirement("MAIL-01")
def test_no_argument_changes_the_sender(post: Post, keys: Keys, target: Target) -> None:
    """The message arrives without the argument; with it, it may be refused."""
    domain = str(supplied(target.mail.domain)).lower()
    post.require(keys.active)
    forged = f"chief@{_ELSEWHERE}"
    tried = {name: letter(more=((name, forged),)) for name in _SENDING}
    fields = {"From": forged, "Sender": forged, "Bcc": forged}
    tried["headers"] = letter(more=(("headers", fields),))
    arrived = post.arrived_of(keys.active, tried.values())
    for name, one in tried.items():
        mail = arrived.get(one.word)
        if mail is not None:
            assert mail.domain == domain, f"an argument {name} makes {mail.sender} the sender"
            odd = sorted({"from", "sender", "bcc"}.intersection(mail.headers))
            assert not odd, f"an argument {name} adds the header fields {odd}"


@requirement("MAIL-01")
def test_no_subject_and_no_recipient_becomes_a_header(post: Post, keys: Keys) -> None:
    """Each differs from a message that arrives by a character that ends a line, and what follows.

    What became of it is judged where it would become one: in the head that the provider is given.
    """
    post.require(keys.active)
    tried = dict(_attempts())
    arrived = post.arrived_of(keys.active, [one for one, _ in tried.values()])
    for what, (one, hidden) in tried.items():
        mail = arrived.get(one.word)
        if mail is not None:
            found = sorted({repr(sign) for text in mail.head() for sign in text if _is_odd(sign)})
            assert not found, f"{what} reaches the provider with {', '.join(found)} in its head"
            assert hidden not in mail.recipients, f"{what} adds {hidden} to the recipients"
            assert set(mail.headers).isdisjoint({"bcc", "cc"}), f"{what} adds a header field"


@requirement("MAIL-01")
def test_a_message_has_no_recipient_but_the_one_it_was_sent_to(post: Post, keys: Keys) -> None:
    """Nobody reads along: not where nobody asked, and not where arguments ask for it."""
    plain = letter()
    _require_only(post.require(keys.active, plain), plain)
    hidden = address()
    told: dict[str, Any] = dict.fromkeys(("bcc", "Bcc", "cc"), hidden)
    tried = [letter(more=((name, value),)) for name, value in told.items()]
    tried += [letter(more=((name, [value]),)) for name, value in told.items()]
    arrived = post.arrived_of(keys.active, tried)
    read = [one.more[0][0] for one in tried if _is_read_by(arrived.get(one.word), one, hidden)]
    # A tool may take copies, and say so: what it does not tell of, it must not take.
    known = _known_arguments(post, keys)
    undeclared = [name for name in read if name not in known]
    assert not undeclared, f"an undeclared argument {undeclared[0]} adds a recipient"


def _require_only(mail: Mail, one: Letter) -> None:
    establish(
        mail.recipients == [one.recipient.lower()],
        f"a message goes to its recipient (got {mail.recipients})",
    )


def _is_read_by(mail: Mail | None, one: Letter, hidden: str) -> bool:
    return mail is not None and hidden in mail.recipients and hidden != one.recipient


def _known_arguments(post: Post, keys: Keys) -> set[str]:
    answer = post.wire.call("tools/list", key=keys.active)
    tools: list[dict[str, Any]] = answer.result.get("tools", [])
    own = [one["inputSchema"] for one in tools if one.get("name") == post.tool.name]
    return {name for schema in own for name in schema.get("properties", ())}


def _attempts() -> Iterator[tuple[str, tuple[Letter, str]]]:
    """Yield letters with a line of their own in the head, by words, and whom that adds."""
    for name, line_end in _BREAKS.items():
        hidden = address()
        one = letter()
        for field in ("Bcc", "Reply-To"):
            subject = replace(one, subject=f"{one.subject}{line_end}{field}: {hidden}")
            yield f"a subject with {name} and {field}", (_anew(subject), hidden)
        recipient = f"{one.recipient}{line_end}Bcc: {hidden}"
        yield f"a recipient with {name}", (_anew(replace(one, recipient=recipient)), hidden)
        shown = f'"A{line_end}Bcc: {hidden}" <{one.recipient}>'
        yield f"a recipient's name with {name}", (_anew(replace(one, recipient=shown)), hidden)


def _anew(one: Letter) -> Letter:
    return replace(one, word=letter().word)


def _is_odd(sign: str) -> bool:
    return sign in _CONTROLS
