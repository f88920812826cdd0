"""All mutants and all benign variants: what modules list under MUTANTS and VARIANTS."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.catalogue import areas
from reference_server.core.errors import ConfigurationError

if TYPE_CHECKING:
    from reference_server.mutants.model import Benign, Mutant

_FOLDER = Path(__file__).parents[1]
_PACKAGE = "reference_server.mutants"
_BENIGN = ("database", "forms", "hosts", "isolation", "names", "speech")


def all_mutants() -> dict[str, Mutant]:
    """Return every mutant by its id; ValueError when two share one."""
    return {mutant.id: mutant for mutant, _ in listed().values()}


def home_of(mutant: Mutant) -> str | None:
    """Return the area that the part which a mutant bends belongs to; None for a stranger."""
    _, home = listed().get(mutant.id, (mutant, None))
    return home


@cache
def listed() -> dict[str, tuple[Mutant, str]]:
    """Return every mutant by its id, with the area whose folder it stands in."""
    found: dict[str, tuple[Mutant, str]] = {}
    for area in areas():
        for name in _modules(area.lower()):
            # A module may only help others.
            mutants: tuple[Mutant, ...] = getattr(import_module(name), "MUTANTS", ())
            for mutant in mutants:
                if mutant.id in found:
                    raise ValueError(f"two mutants are called {mutant.id}")
                found[mutant.id] = mutant, area
    return found


def _modules(folder: str) -> list[str]:
    found = pkgutil.iter_modules([str(_FOLDER / folder)])
    return [f"{_PACKAGE}.{folder}.{module.name}" for module in found]


def all_benign() -> dict[str, Benign]:
    """Return every benign variant by its id; ValueError when two share one."""
    found: dict[str, Benign] = {}
    for name in _BENIGN:
        variants: tuple[Benign, ...] = import_module(f"{_PACKAGE}.benign.{name}").VARIANTS
        for variant in variants:
            if variant.id in found:
                raise ValueError(f"two variants are called {variant.id}")
            found[variant.id] = variant
    return found


def find_mutant(name: str) -> Mutant:
    """Return a mutant or a benign variant; ConfigurationError for an unknown name."""
    for group in (all_mutants, all_benign):
        found = group().get(name)
        if found is not None:
            return found
    raise ConfigurationError(
        f"There is no mutant {name!r}: `python -m reference_server.mutants --list` shows all, "
        "and --list-benign the benign variants."
    )
