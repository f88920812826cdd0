"""All mutants and all benign variants: what modules list under MUTANTS and VARIANTS."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from reference_server.errors import ConfigurationError

if TYPE_CHECKING:
    from reference_server.mutants.model import Benign, Mutant

_MACHINERY = {"__main__", "bending", "benign", "judging", "matrix", "model", "registry"}
_BENIGN = ("database", "forms", "speech")


def all_mutants() -> dict[str, Mutant]:
    """Return every mutant by its id; ValueError when two share one."""
    found: dict[str, Mutant] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name in _MACHINERY:
            continue
        area = import_module(f"{__package__}.{module.name}")
        mutants: tuple[Mutant, ...] = getattr(area, "MUTANTS", ())  # a module may only help others
        for mutant in mutants:
            if mutant.id in found:
                raise ValueError(f"two mutants are called {mutant.id}")
            found[mutant.id] = mutant
    return found


def all_benign() -> dict[str, Benign]:
    """Return every benign variant by its id; ValueError when two share one."""
    found: dict[str, Benign] = {}
    for name in _BENIGN:
        variants: tuple[Benign, ...] = import_module(f"{__package__}.benign.{name}").VARIANTS
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
