"""Defects of the usual choices of ways: what a start with one of them does not do as it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reference_server.core.settings import CHAINS
from reference_server.core.vocabulary import TokenMethod
from reference_server.mutants.bending import mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.core.settings import Settings

_BROWSERS_OWN = (TokenMethod.COOKIE, TokenMethod.AUTHORIZATION)


def _in_place_of(preset: str, *methods: TokenMethod) -> Callable[[Settings], Settings]:
    """Return a change of settings by which a preset stands for other methods."""

    def change(settings: Settings) -> Settings:
        is_meant = settings.token_chain == CHAINS[preset]
        return replace(settings, token_chain=methods) if is_meant else settings

    return change


MUTANTS = (
    mutant(
        "cookie-of-api-callers",
        "CHAIN-01",
        "The preset for programs looks at cookies, too.",
        settings=_in_place_of("api-only", TokenMethod.AUTHORIZATION, TokenMethod.COOKIE),
    ),
    mutant(
        "proxy-of-browsers",
        "CHAIN-01",
        "The preset for browsers believes a proxy, too.",
        settings=_in_place_of("browser-only", *CHAINS["standard"]),
    ),
    mutant(
        "cookie-first-for-browsers",
        "CHAIN-01",
        "With the preset for browsers the cookie decides before the bearer token.",
        settings=_in_place_of("browser-only", *_BROWSERS_OWN),
    ),
)
