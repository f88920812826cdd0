"""Presents tokens to the target: the valid one, and others that are made of it."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.forge.jwt.corpus import Case, Kind, Result, corpus, one_of_each
from conformance.forge.jwt.forging import LackingError, forged, minted
from conformance.forge.jwt.signing import UnsignableError, by_private_key, by_secret
from conformance.forge.requests import opening
from conformance.profile.target import UNLIMITED
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.forge.jwt.forging import Ring
    from conformance.forge.jwt.shape import Token
    from conformance.forge.jwt.signing import Sign
    from conformance.profile.signing import Signing, Way

REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""What refuses a token: as an unknown one, as a malformed request (RFC 6750 section 3.1), or by an
edge that takes it for an attack.
"""
_AWAY, _LIMITED = 60, 6
"""Cases that are sent at most to a target that is not on loopback: without a limit of failures, and
with one.
"""
_BY_OTHERS = 20
"""Cases that are sent at most by each way but the first, on loopback alone: so many of the gravest,
and as many others in each run.
"""


def signer_of(signing: Signing) -> Sign:
    """Return what signs by the profile's key. Raises NotAssessedError where that is no key."""
    if signing.secret is not None:
        return by_secret(signing.secret.encode())
    try:
        return by_private_key((signing.private_key or "").encode())
    except UnsignableError as error:
        raise NotAssessedError(f"channels.signing.private_key {error}") from None


def ring_of(signing: Signing, ring: Ring) -> Ring:
    """Return the same with the target's key, and its names of claims; errors as ``signer_of``."""
    names = {
        "iss": signing.issuer,
        "aud": signing.audience,
        "sub": signing.subject,
        "exp": signing.expiry,
        "nbf": signing.not_before,
        "iat": signing.issued_at,
        "jti": signing.identity,
    }
    return replace(ring, sign=signer_of(signing), algorithm=signing.algorithm, names=names)


class TokenDesk:
    """Shows tokens at the target's door, by the ways by which they come there: most by the first.

    ``token`` is the valid one, tenant A's; ``ring`` is what others are forged with.
    """

    def __init__(self, wire: Wire, token: Token, ring: Ring) -> None:
        self.wire = wire.derived(way=wire.target.token_way)
        self.token, self.ring = token, ring

    def show(self, text: str, way: Way | None = None) -> Answer:
        """Knock with a forged token, by the first way unless told otherwise.

        It is sent as a field of its own, not as a credential, of which hundreds would have to be
        learned: what it holds of the valid one is known, and redacted, as a part of that.
        """
        field = (way or self.wire.target.token_way).field(text)
        answer = self.wire.send(opening(self.wire.revision).with_header(*field))
        if answer.succeeded:  # then it was its tenant's request, if one that should have failed
            self.wire.pace(self._payer)
        return answer

    def establish(self) -> None:
        """Show that the door is closed, and that the valid token opens it."""
        plain = self.wire.knock()
        establish(not plain.executed, f"a request without a token is refused (got {plain})")
        self.establish_valid()

    def establish_valid(self) -> None:
        """Show that the valid token opens the door (still)."""
        answer = self.wire.knock(self.token.text)
        establish(answer.succeeded, f"the valid token works (got {answer})")

    @property
    def _payer(self) -> str:
        """The key on whose account the tokens of the tenant are used."""
        tenants = self.wire.target.tenants
        return self.token.text if tenants is None else tenants.a.key

    @cached_property
    def _minted(self) -> str:
        """A token like the valid one, signed by the target's key."""
        made = minted(self.token, self.ring)
        self.wire.trust(made, payer=self._payer)
        return made

    def establish_minted(self) -> None:
        """Show that a token that the judge has signed works as the valid one does."""
        answer = self.wire.knock(self._minted)
        establish(
            answer.succeeded,
            "a token signed by the key of [channels.signing], with the claims of the valid one, "
            f"works (got {answer})",
        )

    def show_minted(self, changes: Mapping[str, Any]) -> Answer:
        """Knock with a token that is changed, as a case tells, and signed by the target's key."""
        return self.show(minted(self.token, self.ring, changes))

    def answers(
        self, *kinds: Kind, flags: tuple[str, ...] = (), most: int | None = None
    ) -> Iterator[tuple[Case, Answer]]:
        """Yield the answer to each case of some kinds that is not to be taken, of ``flags`` alone.

        All of them, or where the target is not on loopback a few of each flag, other ones in each
        run; and some of each flag by every other way, by which the valid token works. What cannot
        be made of this token is left out. Notes in the evidence how many were sent.
        """
        cases = tuple(case for kind in kinds for case in corpus()[kind])
        cases = tuple(case for case in cases if case.result is Result.INVALID)
        if flags:
            cases = tuple(case for case in cases if not set(flags).isdisjoint(case.flags))
        return self.answers_to(cases, most)

    def answers_to(
        self, cases: tuple[Case, ...], most: int | None = None
    ) -> Iterator[tuple[Case, Answer]]:
        """Yield the answer to each of some cases, or to a few of them, as ``answers`` does."""
        sent = 0
        for case, text in self._made(self._affordable(cases, most), self.wire.target.token_way):
            sent += 1
            yield case, self.show(text)
        self.wire.transcript.note("cases", f"{sent} of {len(cases)} cases of the corpus were sent")
        if self.wire.target.is_loopback:
            yield from self._answers_by_others(cases)

    def _answers_by_others(self, cases: tuple[Case, ...]) -> Iterator[tuple[Case, Answer]]:
        """Yield the answers to some of the cases by each way but the first, named in the comment.

        Who reads a cookie may do so in a place of its own, where less is verified.
        """
        for way in self.wire.target.token_ways[1:]:
            line = self.wire.derived(way=way)
            answer = line.knock(self.token.text)
            establish(answer.succeeded, f"the valid token works by {way.name} (got {answer})")
            gravest = one_of_each(cases, _BY_OTHERS, 0)
            for case, text in self._made((*gravest, *self._some(cases, _BY_OTHERS)), way):
                if way.carries(text):
                    yield (
                        replace(case, comment=f"{case.comment}, by {way.name}"),
                        self.show(text, way),
                    )

    def _made(self, cases: tuple[Case, ...], way: Way) -> Iterator[tuple[Case, str]]:
        """Yield the cases that can be made of the valid token, with what is sent by a way.

        A cookie's value may have quotes around it, which many take off (RFC 6265 section 4.1.1):
        so it stands for the valid token, and is no case.
        """
        quoted = f'"{self.token.text}"'
        for case in cases:
            try:
                text = forged(case, self.token, self.ring)
            except LackingError:
                continue
            if way.cookie is None or text != quoted:
                yield case, text

    def _affordable(self, cases: tuple[Case, ...], most: int | None) -> tuple[Case, ...]:
        target = self.wire.target
        if not target.is_loopback:
            limited = target.limits.auth_failures < UNLIMITED
            most = min(most or _AWAY, _LIMITED if limited else _AWAY)
        return cases if most is None else self._some(cases, most)

    @staticmethod
    def _some(cases: tuple[Case, ...], most: int) -> tuple[Case, ...]:
        return one_of_each(cases, most, secrets.randbelow(len(cases)))
