"""What the blocklist refuses, in plain words and in others that look the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.mailing import letter
from conformance.forge.spelling import MARKUP, SPELLINGS
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.text.shown_html import shown_in
from conformance.verdicts import NotApplicableError, establish

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.channels.http.mailbox import Mail
    from conformance.channels.http.mailing import Letter, Post
    from conformance.forge.keys import Keys
    from conformance.profile.mail import Blocklist, MailText
    from conformance.profile.target import Target


def _blocklist(target: Target) -> Blocklist:
    return supplied(target.mail.blocklist)


def _plain(one: MailText) -> Letter:
    return letter(subject=one.subject, body=one.body)


def _in_subject(one: MailText) -> Letter:
    return letter(subject=f"{one.subject} {one.body}")


def _refused(post: Post, keys: Keys, texts: Iterable[MailText]) -> list[MailText]:
    """Return those that are refused in plain words, while ordinary mail is sent."""
    letters = {text: _plain(text) for text in texts}
    arrived = post.arrived_of(keys.active, letters.values())
    return [text for text, one in letters.items() if one.word not in arrived]


@requirement("MAIL-02")
def test_phishing_and_impersonation_are_refused(post: Post, keys: Keys, target: Target) -> None:
    """An ordinary message of the same caller's arrives behind them, to an address like theirs."""
    texts = _blocklist(target).refused
    refused = _refused(post, keys, texts)
    sent = next((text for text in texts if text not in refused), None)
    assert sent is None, f"a message was sent that reads: {sent and sent.body}"


@requirement("MAIL-02")
def test_a_subject_is_looked_at_as_the_body_is(post: Post, keys: Keys, target: Target) -> None:
    """What is refused in a body stands in the subject above an ordinary one."""
    refused = _refused(post, keys, _blocklist(target).refused)
    establish(refused, "a message of the blocklist's is refused")
    letters = {text: _in_subject(text) for text in refused}
    arrived = post.arrived_of(keys.active, letters.values())
    sent = next((text for text, one in letters.items() if one.word in arrived), None)
    assert sent is None, f"a message was sent with the subject: {sent and sent.body}"


@requirement("MAIL-02")
def test_another_spelling_gets_nothing_past(post: Post, keys: Keys, target: Target) -> None:
    """Each differs from a message that is refused in its spelling, which readers do not notice."""
    refused = _refused(post, keys, _blocklist(target).refused)
    establish(refused, "a message of the blocklist's is refused")
    letters: dict[str, Letter] = {}
    for place, (what, spell) in enumerate(SPELLINGS.items()):
        text = refused[place % len(refused)]
        letters[what] = letter(subject=spell(text.subject), body=spell(text.body))
    arrived = post.arrived_of(keys.active, letters.values())
    sent = [what for what, one in letters.items() if one.word in arrived]
    assert not sent, f"a message that is refused was sent in another spelling: {', '.join(sent)}"


@requirement("MAIL-02")
def test_markup_gets_nothing_past(post: Post, keys: Keys, target: Target) -> None:
    """Each shows a reader what is refused in plain HTML, in other pieces."""
    if post.tool.html_arguments is None:
        raise NotApplicableError("the tool takes no HTML, as [tools.mail] html_arguments says")
    texts = _blocklist(target).refused
    plain = {text: letter(subject=text.subject, body=text.body, is_html=True) for text in texts}
    arrived = post.arrived_of(keys.active, plain.values())
    refused = [text for text, one in plain.items() if one.word not in arrived]
    establish(refused, "a message of the blocklist's is refused as HTML")
    told = {what: refused[place % len(refused)].body for place, what in enumerate(MARKUP)}
    letters = {what: letter(body=MARKUP[what](told[what]), is_html=True) for what in told}
    arrived = post.arrived_of(keys.active, letters.values())
    sent = [what for what, one in letters.items() if _shows(arrived.get(one.word), told[what])]
    assert not sent, f"a message that is refused was sent in other markup: {', '.join(sent)}"


def _shows(mail: Mail | None, text: str) -> bool:
    """Tell whether a message that came shows a text: where what was hidden is gone, none does."""
    if mail is None:
        return False
    shown = shown_in(mail.html or "")[0].replace("\u00ad", "")
    return text in " ".join(shown.split())


@requirement("MAIL-02")
def test_ordinary_mail_is_sent(post: Post, keys: Keys, target: Target) -> None:
    """What names a password or a payment is not for that phishing."""
    post.require(keys.active)
    letters = {text: _plain(text) for text in _blocklist(target).ordinary}
    arrived = post.arrived_of(keys.active, letters.values())
    withheld = next((text for text, one in letters.items() if one.word not in arrived), None)
    assert withheld is None, f"an ordinary message was refused: {withheld and withheld.body}"
