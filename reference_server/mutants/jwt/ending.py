"""Defects of names nearly right, of ends told to browsers alone, and of modes by one setting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reference_server.core.vocabulary import SessionMode
from reference_server.mutants.bending import mutant, of_kind, replaced
from reference_server.mutants.jwt.verifying import validator_of
from reference_server.sessions.validation import AuthValidation

if TYPE_CHECKING:
    from datetime import datetime

    from reference_server.core.settings import Settings
    from reference_server.parts import Parts
    from reference_server.sessions.claims import Claims
    from reference_server.sessions.contracts import SessionEnds


class _NearlyTheIssuer(AuthValidation):
    def admits(self, claims: Claims) -> bool:
        is_near = claims.iss.strip(" /").lower() == self.rules.issuer.lower()
        return super().admits(replace(claims, iss=self.rules.issuer) if is_near else claims)


def _nearly(parts: Parts) -> AuthValidation:
    return of_kind(_NearlyTheIssuer, validator_of(parts))


@dataclass(frozen=True)
class _Forgetful:
    """Tells the browser to forget a session, and nobody else."""

    real: SessionEnds

    def has_ended(self, name: str, now: datetime) -> bool:
        return self.real.has_ended(name, now)

    def end(self, token_id: str) -> None:
        del token_id

    def close(self) -> None:
        self.real.close()


def _optional_untold(settings: Settings) -> Settings:
    """Have what is told nothing ask for nothing.

    The demo, which is judged, is told where to fetch from; what is launched beside it is not.
    """
    is_untold = settings.session_mode is SessionMode.REQUIRED and not settings.fetch_origins
    return replace(settings, session_mode=SessionMode.OPTIONAL) if is_untold else settings


def _always_a_test(settings: Settings) -> Settings:
    return replace(settings, testing=settings.session_mode is SessionMode.DISABLED)


MUTANTS = (
    mutant(
        "issuer-nearly-right",
        "JWT-01",
        "The issuer is compared without regard to case, blanks and slashes.",
        parts=replaced({"tokens.validator": _nearly}),
    ),
    mutant(
        "session-ended-in-the-browser-alone",
        "JWT-05",
        "The end of a session deletes its cookie, and that is all.",
        parts=replaced({"tokens.ends": lambda parts: _Forgetful(parts.tokens.ends)}),
    ),
    mutant(
        "token-optional-by-default",
        "JWT-06",
        "A server that is told nothing serves whoever shows no token.",
        settings=_optional_untold,
    ),
    mutant(
        "tokens-disabled-by-one-setting",
        "JWT-06",
        "The mode that asks nobody for a token needs no word that this is a test.",
        settings=_always_a_test,
    ),
)
