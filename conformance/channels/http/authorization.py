"""What an answer tells of a flow that it begins or ends: in fields, in a redirect, or in a URL."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from conformance.profile.fields import found_at
from conformance.text.nested import properties

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.profile.oauth import OAuth

_OBJECTS = ("request", "request_uri")
"""Parameters that stand for others, which then are not in the URL (RFC 9101, RFC 9126)."""


@dataclass(frozen=True)
class Told:
    """What an answer tells of a flow; None for what it does not tell.

    ``lacks_challenge`` says that it asks for a code and can be seen to send no challenge.
    """

    state: str | None
    challenge: str | None
    method: str | None
    lacks_challenge: bool = False


def told_by(answer: Answer, names: OAuth) -> Told:
    """Return what an answer tells: by the URL that the platform will see, and by its fields."""
    url = _authorization(answer)
    state, challenge, method = (
        _text(found_at(answer.entries, name))
        for name in (names.state_field, names.challenge_field, names.method_field)
    )
    if "code_challenge" in url:
        # Without a method it is plain (RFC 7636 section 4.3).
        challenge, method = url["code_challenge"], url.get("code_challenge_method", "plain")
    is_whole = not any(name in url for name in _OBJECTS)
    asks = "code" in url.get("response_type", "").split()
    lacks = asks and is_whole and "code_challenge" not in url
    return Told(url.get("state", state), None if lacks else challenge, method, lacks)


def is_redirect(answer: Answer) -> bool:
    """Tell whether an answer sends its caller elsewhere."""
    is_one = HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST
    return is_one and answer.header("location") is not None


def tells_an_error(answer: Answer) -> bool:
    """Tell whether it says, in the way of RFC 6749 sections 4.1.2.1 and 5.2, what went wrong."""
    if not is_redirect(answer):
        return bool(answer.entries.get("error"))
    parts = _split(answer.header("location") or "")
    return "error" in {**_query(parts[1]), **_query(parts[2])}


def is_plain(answer: Answer) -> bool:
    """Tell whether it speaks to programs, to whom the status says how it went."""
    is_page = (answer.header("content-type") or "").lower().startswith("text/html")
    return not is_page and not is_redirect(answer)


def landing(answer: Answer) -> tuple[int, str, frozenset[tuple[str, str]]]:
    """Return where an answer leads: its status, the place, and what its query says."""
    place, query, _ = _split(answer.header("location") or "")
    return answer.status, place, frozenset(_query(query).items())


def _authorization(answer: Answer) -> dict[str, str]:
    """Return the query of the URL that asks a platform for a code; empty where none is told."""
    texts = [value for _, value in properties(answer.entries) if isinstance(value, str)]
    queries = [_query(_split(text)[1]) for text in texts if "://" in text]
    if is_redirect(answer):
        queries.insert(0, _query(_split(answer.header("location") or "")[1]))
    asking = [query for query in queries if "client_id" in query]
    found = [*asking, *(query for query in queries if "state" in query)]
    return found[0] if found else {}


def _split(url: str) -> tuple[str, str, str]:
    """Return a URL's place, query and fragment; what is no URL has nothing but a place."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, "", ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}", parts.query, parts.fragment


def _query(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=200))
    except ValueError:
        return {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
