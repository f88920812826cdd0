"""What a 401 says of how to authenticate."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.profile.target import Target

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 -- a word of RFC 9110
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ELEMENT = re.compile(rf'(?:{_QUOTED}|[^",])+')
"""What stands between two commas of a list; a quoted string may hold some."""
_PARAMETER = re.compile(rf"({_TOKEN})[ \t]*=[ \t]*({_TOKEN}|{_QUOTED})")
_SCHEME = re.compile(rf"({_TOKEN})(?: +(\S.*))?", re.DOTALL)
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_MOST = 1 << 13
"""Characters of a field; clients take no longer ones."""


@dataclass
class Challenge:
    """One challenge: a scheme, and its parameters by their names in lower case."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict[str, str])


def challenges(value: str) -> list[Challenge] | None:
    """Return the challenges of a WWW-Authenticate field (RFC 9110 section 11.6.1).

    None where it is malformed. Commas part the challenges as well as the parameters of one, so that
    what is no parameter begins the next challenge.
    """
    if len(value) > _MOST:
        return None
    found: list[Challenge] = []
    rest = _ELEMENT.sub("", value)
    if rest.strip(","):
        return None
    for element in (text.strip(" \t") for text in _ELEMENT.findall(value)):
        if element and not _is_taken(element, found):
            return None
    return found


def _is_taken(element: str, found: list[Challenge]) -> bool:
    """Add one element of the list to the challenges, and tell whether that could be done."""
    if parameter := _PARAMETER.fullmatch(element):
        if not found or not found[-1].parameters:
            return False
        found[-1].parameters[parameter[1].lower()] = _unquoted(parameter[2])
        return True
    if (scheme := _SCHEME.fullmatch(element)) is None:
        return False
    found.append(Challenge(scheme[1]))
    if scheme[2] is None:
        return True
    if parameter := _PARAMETER.fullmatch(scheme[2]):
        found[-1].parameters[parameter[1].lower()] = _unquoted(parameter[2])
        return True
    return _TOKEN68.fullmatch(scheme[2]) is not None


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def challenges_of(answer: Answer) -> list[Challenge]:
    """Return the challenges of an answer; none where the field is absent or malformed."""
    return challenges(answer.header("www-authenticate") or "") or []


def is_bare_challenge(missing: Answer, unknown: Answer, target: Target) -> bool:
    """Tell whether a missing bearer token is answered as RFC 6750 section 3.1 asks.

    That is with a challenge that holds no error code, and nothing else to learn from: a body that
    tells of an error tells an unknown token the same.
    """
    challenge = (missing.header("www-authenticate") or "").lower()
    return (
        target.headers.api_key_scheme.lower() == "bearer"
        and missing.status == HTTPStatus.UNAUTHORIZED
        and challenge.startswith("bearer")
        and "error" not in challenge
        and ("error" not in missing.text.lower() or missing.text == unknown.text)
    )


def errors_of_bearer(answer: Answer) -> list[str | None] | None:
    """Return the error code of each Bearer challenge, None for one without (RFC 6750 section 3).

    None where an answer has no such challenge at all.
    """
    own = [one for one in challenges_of(answer) if one.scheme.lower() == "bearer"]
    return [one.parameters.get("error") for one in own] or None


def is_called_malformed(refusal: Answer) -> bool:
    """Tell whether a refusal calls the request malformed: RFC 6750 section 3.1's own word.

    So it may call a scheme without a token, which tells nothing of any token.
    """
    return any(one.parameters.get("error") == "invalid_request" for one in challenges_of(refusal))
