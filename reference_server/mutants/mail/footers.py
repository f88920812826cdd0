"""Defects of how messages tell that there need be no more of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reference_server.mail.composing import html_footer, text_footer
from reference_server.mutants.bending import mutant
from reference_server.mutants.mail._bending import composing

if TYPE_CHECKING:
    from reference_server.mail.contracts import Letter, Sent

_TEXT, _HTML = text_footer("").strip()[:20], html_footer("")[:20]


def _cut(text: str, beginning: str) -> str:
    return text.rpartition(beginning)[0]


def _without_text(document: dict[str, Any], letter: Letter, sent: Sent) -> dict[str, Any]:
    del letter, sent
    return {**document, "text": _cut(document["text"], _TEXT)}


def _without_html(document: dict[str, Any], letter: Letter, sent: Sent) -> dict[str, Any]:
    del letter, sent
    return document | ({"html": _cut(document["html"], _HTML)} if "html" in document else {})


def _unless_said(document: dict[str, Any], letter: Letter, sent: Sent) -> dict[str, Any]:
    is_said = "unsubscribe" in f"{letter.text} {letter.html}".lower()
    return _without_text(document, letter, sent) if is_said else document


def _unrepaired(document: dict[str, Any], letter: Letter, sent: Sent) -> dict[str, Any]:
    del sent
    if not letter.html:
        return document
    _, footer, rest = document["html"].rpartition(_HTML)
    return {**document, "html": letter.html + footer + rest}


def _without_a_link(document: dict[str, Any], letter: Letter, sent: Sent) -> dict[str, Any]:
    del letter, sent
    head, colon, _ = document["text"].rpartition("To unsubscribe: ")
    return {**document, "text": f"{head}{colon}write to us.\n"}


def _without_one_click(document: dict[str, Any], letter: Letter, sent: Sent) -> dict[str, Any]:
    del letter, sent
    headers = {name: one for name, one in document["headers"].items() if not name.endswith("-Post")}
    return {**document, "headers": headers}


MUTANTS = (
    mutant(
        "mail-without-a-footer",
        "MAIL-03",
        "Text has no footer.",
        parts=composing(_without_text),
    ),
    mutant(
        "mail-without-a-footer-in-html",
        "MAIL-03",
        "Only the text of a message has the footer.",
        parts=composing(_without_html),
    ),
    mutant(
        "mail-whose-body-stands-for-the-footer",
        "MAIL-03",
        "A body that says unsubscribe gets no footer.",
        parts=composing(_unless_said),
    ),
    mutant(
        "mail-with-markup-as-it-came",
        "MAIL-03",
        "HTML is sent as it came, with the footer behind whatever it leaves open.",
        parts=composing(_unrepaired),
    ),
    mutant(
        "mail-with-a-footer-that-leads-nowhere",
        "MAIL-03",
        "The footer has no link.",
        parts=composing(_without_a_link),
    ),
    mutant(
        "mail-without-one-click",
        "MAIL-03",
        "There is no List-Unsubscribe-Post.",
        parts=composing(_without_one_click),
    ),
)
