"""The cases of tokens that are not to be accepted: data, in the shape of Wycheproof's vectors.

A vector of Wycheproof is a finished token. What a target takes for its own must be made of one of
its tokens, so each case here tells what is changed in it; ``FIELDS`` says how.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from conformance.text.tokens import decoded

CORPUS = Path(__file__).parents[3] / "fixtures" / "corpora" / "jwt.json"
_LEAST_KEY = 32
"""Bytes of a key for HS256 (RFC 7518 section 3.2)."""
FIELDS = {
    "header": "members of the header that are set, or removed by null (RFC 7396)",
    "claims": "the same of the claims; in both, texts and tables may stand for what is learned",
    "twice": "members that stand in front of others of their name, by 'header' or 'claims'",
    "last": "that those stand behind",
    "payload": "what stands for the claims: 'token', the valid token; 'deflated', the claims so",
    "sign": "whence the signature: empty, kept, random, stranger, key, 'hmac FORM', 'hex BYTES', …",
    "as": "the algorithm of the signature where it is not the header's",
    "form": "how the parts are put together; <h>, <p> and <s> are the new ones, <v…> the valid",
    "flip": "part, place between 0 and 1, and bit of the byte there that is turned",
    "raw": "a whole token",
}


class Result(StrEnum):
    """What a verifier makes of a case: Wycheproof's three words."""

    VALID = "valid"
    INVALID = "invalid"
    ACCEPTABLE = "acceptable"


class Kind(StrEnum):
    """What the cases of a group have in common."""

    KEYLESS = "JwtKeyless"
    FLIPPED = "JwtFlipped"
    SPELLED = "JwtSpelled"
    FOREIGN = "JwsForeign"
    SIGNED = "JwtSigned"
    ONE_CLAIM = "JwtOneClaim"
    TO_THE_LETTER = "JwtToTheLetter"
    UNTIMELY = "JwtUntimely"
    ENDLESS = "JwtEndless"
    INCOMPLETE = "JwtIncomplete"


@dataclass(frozen=True)
class Case:
    """One case. ``made`` has what is changed, by ``FIELDS``."""

    number: int
    comment: str
    flags: tuple[str, ...]
    result: Result
    made: dict[str, Any] = field(default_factory=dict[str, Any])


@cache
def corpus() -> dict[Kind, tuple[Case, ...]]:
    """Return the cases by kind, gravest first. Raises ValueError for one that tells too much."""
    document = json.loads(CORPUS.read_text("utf-8"))
    return {Kind(group["type"]): _cases(group["tests"]) for group in document["testGroups"]}


@cache
def weak_secrets() -> tuple[str, ...]:
    """Return secrets that stand in documentation, examples and defaults, or are soon guessed."""
    return tuple(json.loads(CORPUS.read_text("utf-8"))["weakSecrets"])


@cache
def weak_keys() -> dict[str, bytes]:
    """Return the bytes that those secrets sign with, by what they are called in messages.

    What reads as base64 and is long enough to be a key stands for what it encodes as well: some
    servers keep their secret so (RFC 7517 section 6.4).
    """
    found = {repr(secret): secret.encode() for secret in weak_secrets()}
    for secret in weak_secrets():
        with suppress(ValueError):
            key = decoded(secret.rstrip("=").replace("+", "-").replace("/", "_"))
            if len(key) >= _LEAST_KEY:
                found[f"what {secret!r} encodes"] = key
    return found


def signed_by_weak_keys(algorithm: str) -> tuple[Case, ...]:
    """Return a case for each of those keys: the valid token, signed with it by an algorithm."""
    return tuple(
        Case(
            number,
            f"{algorithm} by {name}",
            ("PublishedSecret",),
            Result.INVALID,
            {"header": {"alg": algorithm}, "sign": f"hmac bytes {key.hex()}"},
        )
        for number, (name, key) in enumerate(weak_keys().items(), 1)
    )


@cache
def long_defaults() -> tuple[str, ...]:
    """Return a few secrets of 32 characters or more of which nobody doubts that they are known."""
    return tuple(json.loads(CORPUS.read_text("utf-8"))["longDefaults"])


def _cases(tests: list[dict[str, Any]]) -> tuple[Case, ...]:
    return tuple(map(_case, tests))


def _case(test: dict[str, Any]) -> Case:
    made = {name: value for name, value in test.items() if name in FIELDS}
    if odd := set(test) - set(made) - {"tcId", "comment", "flags", "result"}:
        raise ValueError(f"case {test['tcId']}: unknown {', '.join(sorted(odd))}")
    return Case(test["tcId"], test["comment"], tuple(test["flags"]), Result(test["result"]), made)


def one_of_each(cases: tuple[Case, ...], most: int, turn: int) -> tuple[Case, ...]:
    """Return ``most`` cases at most, of as many flags as may be, in the order of the flags.

    ``turn`` is another for another run, so that many runs send all of them.
    """
    by_flag: dict[str, list[Case]] = {}
    for case in cases:
        by_flag.setdefault(case.flags[0], []).append(case)
    chosen: list[Case] = []
    for round_ in range(most):
        for group in by_flag.values():
            if round_ < len(group) and len(chosen) < most:
                chosen.append(group[(turn + round_) % len(group)])
    return tuple(chosen)
