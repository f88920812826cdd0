"""How messages tell that there need be no more of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.channels.http.mailing import letter
from conformance.requirement import requirement
from conformance.text.shown_html import shown_in
from conformance.verdicts import NotApplicableError

if TYPE_CHECKING:
    from conformance.channels.http.mailbox import Mail
    from conformance.channels.http.mailing import Post
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

_LINK = re.compile(r"(?:https?://|mailto:)[^\s<>\"')\]]+")
_OWN_LINK = "https://elsewhere.example/unsubscribe"
_HIDING = {
    "a comment that stays open": "<!-- ",
    "an element that hides what follows": '<div style="display:none">',
    "an attribute that hides what follows": "<div hidden>",
    "a field that stays open": "<textarea>",
    "a title that stays open": "<title>",
    "a style sheet that stays open": "<style>",
    "a tag that stays open": '<a href="',
    "the end of the document": "</body></html><!-- ",
}
_HTTPS = re.compile(r"<https?://[^\s<>]+>")


@requirement("MAIL-03")
def test_every_part_ends_with_a_way_out(post: Post, keys: Keys, target: Target) -> None:
    """Text and HTML each: a mail program shows one of them."""
    mails = [post.require(tenant.active) for tenant in (keys.a, keys.b)]
    if post.tool.html_arguments is not None:
        mails.append(post.require(keys.active, letter(body="<p>A report.</p>", is_html=True)))
    for mail in mails:
        lacking = _without_footer(mail, target.mail.footer)
        assert not lacking, f"the {lacking} of a message has no footer to unsubscribe by"


@requirement("MAIL-03")
def test_no_body_passes_for_the_footer(post: Post, keys: Keys, target: Target) -> None:
    """The body has the words and a link of its own; the footer's link is another."""
    body = f"To {target.mail.footer}, go to {_OWN_LINK}"
    mail = post.arrives(keys.active, letter(body=body))
    if mail is not None:
        lacking = _without_footer(mail, target.mail.footer)
        assert not lacking, f"a body that talks of unsubscribing replaces the {lacking}'s footer"


@requirement("MAIL-03")
def test_no_body_hides_the_footer(post: Post, keys: Keys, target: Target) -> None:
    """Each body ends with what hides what follows it, in HTML that nobody repairs."""
    if post.tool.html_arguments is None:
        raise NotApplicableError("the tool takes no HTML, as [tools.mail] html_arguments says")
    post.require(keys.active, letter(is_html=True))
    letters = {
        what: letter(body=f"<p>A report.</p>{end}", is_html=True) for what, end in _HIDING.items()
    }
    arrived = post.arrived_of(keys.active, letters.values())
    for what, one in letters.items():
        mail = arrived.get(one.word)
        if mail is not None:
            lacking = _without_footer(mail, target.mail.footer)
            assert not lacking, f"{what} hides the footer of the {lacking}"


@requirement("MAIL-03")
def test_mail_programs_are_told_how_to_unsubscribe(post: Post, keys: Keys) -> None:
    """By RFC 8058, one click takes both fields, and an address of the web in the first."""
    headers = post.require(keys.active).headers
    told = headers.get("list-unsubscribe", "")
    assert _HTTPS.search(told), f"List-Unsubscribe is {told!r}, and has no URL in angle brackets"
    post_field = headers.get("list-unsubscribe-post", "").replace(" ", "")
    is_one = post_field == "List-Unsubscribe=One-Click"
    assert is_one, f"List-Unsubscribe-Post is {post_field!r}, not List-Unsubscribe=One-Click"


def _without_footer(mail: Mail, words: str) -> str:
    """Return the name of a part without the footer; empty where all have it."""
    parts = dict[str, tuple[str, list[str]]]()
    if mail.text is not None:
        parts["text"] = (mail.text, _LINK.findall(mail.text))
    if mail.html is not None:
        parts["HTML"] = shown_in(mail.html)
    for name, (shown, links) in parts.items():
        leads = any(_LINK.match(link) and not link.startswith(_OWN_LINK) for link in links)
        if not leads or words.lower() not in shown.lower():
            return name
    return "" if parts else "whole"
