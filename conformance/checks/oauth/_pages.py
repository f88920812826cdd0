"""What the checks of consent pages share: what a page keeps from other sites, and what it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conformance.verdicts import NotAssessedError

if TYPE_CHECKING:
    from collections.abc import Collection

    from conformance.channels.http.answer import Answer
    from conformance.channels.oauth.consenting import Walk
    from conformance.channels.oauth.granting import Asking, Grants
    from conformance.channels.oauth.pages import Page
    from conformance.channels.oauth.registering import OAuthClient

_WORD = re.compile(r"\w+")
_UNVERIFIED = re.compile(
    r"un-?verified|not (been )?(yet )?(verified|reviewed|checked|vetted|approved|confirmed)"
    r"|no(body|[ -]one) has (verified|reviewed|checked)|(can ?not|can.t|could not|unable to) (be )?"
    r"(verify|verified|confirm)|verified by nobody|unknown (app|client|developer|publisher|program)"
    r"|self-(reported|registered|declared)|registered itself|says of itself",
    re.IGNORECASE,
)
_KEEPING = frozenset({"'none'", "'self'"})


def seen_by(grants: Grants, client: OAuthClient) -> Page:
    """Return the page at which a user decides about a client, who then approves.

    NotEstablishedError unless the client is given a code by that.
    """
    asking = grants.asking(client)
    walk = grants.walk(asking)
    require_question(grants, walk, asking)
    page = walk.decided_at
    walk.decide()
    grants.require_code(walk, asking)
    return page


def require_question(grants: Grants, walk: Walk, asking: Asking) -> None:
    """Raise NotAssessedError where a client that is not new is given a code without a question.

    Its user has approved it before, in another check or long ago, or its operator has for all.
    """
    if not asking.client.is_new and grants.code_at(walk, asking) is not None:
        raise NotAssessedError(
            "nobody is asked any more about the client of the profile's [authorization.client], "
            "and the judge can register no other at the authorization server"
        )


def may_be_framed(answer: Answer) -> str | None:
    """Return why a page of any site may show this one in a frame; None where none may.

    CSP Level 3, frame-ancestors, which counts alone where it is there; RFC 7034 otherwise. Origins
    that are named are taken for the server's own.
    """
    policies = (answer.header("content-security-policy") or "").split(",")
    lists = [words for policy in policies if (words := _ancestors(policy)) is not None]
    if lists:
        open_ones = [sources for sources in lists if any(map(_is_anybody, sources))]
        return None if len(open_ones) < len(lists) else f"frame-ancestors {' '.join(open_ones[0])}"
    told = {word.strip().upper() for word in (answer.header("x-frame-options") or "").split(",")}
    if told and told <= {"DENY", "SAMEORIGIN"}:
        return None
    return f"X-Frame-Options {', '.join(sorted(told))}" if told - {""} else "nothing forbids it"


def _ancestors(policy: str) -> list[str] | None:
    """Return the sources of a policy's first frame-ancestors; None where it has none."""
    for directive in policy.split(";"):
        words = directive.lower().split()
        if words[:1] == ["frame-ancestors"]:
            return words[1:]
    return None


def _is_anybody(source: str) -> bool:
    """Tell whether sites of anybody match a source: any host, or any of a scheme."""
    if source in _KEEPING:
        return False
    host = source.partition("://")[2] if "://" in source else source
    return source.endswith(":") or host.partition(":")[0] in {"*", ""}


def more_words(page: Page, other: Page, known: Collection[str]) -> set[str]:
    """Return the words that a page has and another has not, those of some texts aside."""
    aside = {word.lower() for text in known for word in _WORD.findall(text)}
    here, there = ({word.lower() for word in _WORD.findall(one.text)} for one in (page, other))
    return {word for word in here - there - aside if not word.isdigit()}


def host_of(redirect: str) -> str:
    """Return the host of a redirect URI."""
    return urlsplit(redirect).hostname or ""


def says_unverified(page: Page) -> bool:
    """Tell whether a page says in English that something has not been verified."""
    return _UNVERIFIED.search(page.text) is not None
