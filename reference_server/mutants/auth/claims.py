"""Defects around requests with several claims, and around the keys that are minted."""

from __future__ import annotations

import base64
import random
import secrets
import uuid
from typing import TYPE_CHECKING

from reference_server.keys.reader import BLANK
from reference_server.keys.rotation import SqlKeyRotation
from reference_server.mutants.auth.doors import skip
from reference_server.mutants.bending import header, mutant, replaced, rotating, with_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.mutants.bending import Stage
    from reference_server.parts import Parts


class _Choosing:
    """Believes one of several keys."""

    def __init__(self, choose: Callable[[list[str]], str]) -> None:
        self._choose = choose

    def read(self, headers: Sequence[tuple[str, str]]) -> str | None:
        values = [value.strip(BLANK) for name, value in headers if name.lower() == "x-api-key"]
        return (self._choose(values) or None) if values else None


def _first(values: list[str]) -> str:
    return values[0]


def _last(values: list[str]) -> str:
    return values[-1]


def _first_part(values: list[str]) -> str:
    return values[0].split(",")[0].strip(BLANK) if len(values) == 1 else ""


def choosing(choose: Callable[[list[str]], str]) -> Callable[[Parts], Parts]:
    """Return a change of parts that believes one of several keys."""
    return replaced({"keys.reader": lambda _: _Choosing(choose)})


def _says_notification(context: RequestContext) -> bool:
    return (header(context, "mcp-method") or "").startswith("notifications/")


def _without_challenge(stage: Stage) -> Stage:
    def bent(context: RequestContext, parts: Parts) -> Response | None:
        refusal = stage(context, parts)
        if refusal is not None:
            refusal.headers.pop("WWW-Authenticate", None)
        return refusal

    return bent


def _no_challenge(parts: Parts) -> Parts:
    # The block's 401 as well, or the two would be told apart.
    for name in ("block_address", "authenticate"):
        parts = with_stage(name, _without_challenge)(parts)
    return parts


def minting(make: Callable[[], str]) -> Callable[[Parts], Parts]:
    """Return a change that mints keys in another way."""

    class Minting(SqlKeyRotation):
        def new_key(self) -> str:
            return make()

    return rotating(Minting)


def _short() -> str:
    return uuid.uuid4().hex


_seeded = random.Random(20260728)  # noqa: S311 -- the defect


def _biased() -> str:
    return "".join(_seeded.choice("abcdefgh") for _ in range(43))


_minted = iter(range(1_700_000_000, 1_800_000_000))


def _dated() -> str:
    return f"{next(_minted)}{uuid.uuid4().hex}{uuid.uuid4().hex}"


def _half_fixed() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(16) + b"this half is set").decode()[:43]


def _four_times() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(8) * 4).decode()[:43]


def _two_uuids() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes + uuid.uuid4().bytes).decode()[:43]


MUTANTS = (
    mutant(
        "first-of-two-keys-taken",
        "AUTH-09",
        "Of two key headers the first is believed.",
        parts=choosing(_first),
    ),
    mutant(
        "last-of-two-keys-taken",
        "AUTH-09",
        "Of two key headers the last is believed.",
        parts=choosing(_last),
    ),
    mutant(
        "joined-keys-split",
        "AUTH-09",
        "A key header is split at commas, and the first part believed.",
        parts=choosing(_first_part),
    ),
    mutant(
        "notification-header-believed",
        "AUTH-12 AUTH-20",
        "A request that its header calls a notification needs no key.",
        parts=with_stage("authenticate", skip(_says_notification)),
    ),
    mutant(
        "keys-of-a-uuid",
        "AUTH-15",
        "A key is a UUID: 122 random bits.",
        parts=minting(_short),
    ),
    mutant(
        "keys-from-a-small-alphabet",
        "AUTH-15",
        "Keys come from a seeded generator and eight letters.",
        parts=minting(_biased),
    ),
    mutant(
        "keys-start-with-the-time",
        "AUTH-15",
        "A key starts with the time at which it was minted.",
        parts=minting(_dated),
    ),
    mutant(
        "keys-half-fixed",
        "AUTH-15",
        "A key is sixteen random bytes and sixteen that are always the same.",
        parts=minting(_half_fixed),
    ),
    mutant(
        "keys-repeat-eight-bytes",
        "AUTH-15",
        "A key is eight random bytes, four times over.",
        parts=minting(_four_times),
    ),
    mutant(
        "keys-of-two-uuids",
        "AUTH-15",
        "A key is two UUIDs: 244 random bits in 256.",
        parts=minting(_two_uuids),
    ),
    mutant(
        "challenge-missing",
        "AUTH-16",
        "A 401 does not say how to authenticate.",
        parts=_no_challenge,
    ),
)
