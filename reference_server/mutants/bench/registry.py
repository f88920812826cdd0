"""All mutants and all benign variants: what modules list under MUTANTS and VARIANTS."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from reference_server.errors import ConfigurationError

if TYPE_CHECKING:
    from reference_server.mutants.model import Benign, Mutant

_PACKAGE = Path(__file__).parents[1]
_NAME = "reference_server.mutants"
_MACHINERY = {"__main__", "bench", "bending", "benign", "judging", "matrix", "model"}
_BENIGN = ("database", "forms", "names", "speech")


_HOMES = {
    "arguments": ("MCP",),
    "claims": ("AUTH",),
    "clients": ("MCP",),
    "doors": ("AUTH", "MCP"),
    "limits": ("RATE",),
    "objects": ("RLS",),
    "sessions": ("MCP",),
    "time": ("TIME", "AUTH"),
}
"""The areas that a module's parts belong to, where it is not the one that it is called after."""


def all_mutants() -> dict[str, Mutant]:
    """Return every mutant by its id; ValueError when two share one."""
    return {mutant.id: mutant for mutant, _ in listed().values()}


def home_of(mutant: Mutant) -> frozenset[str]:
    """Return the areas that the part which a mutant bends belongs to; none for a stranger."""
    _, home = listed().get(mutant.id, (mutant, ()))
    return frozenset(home)


@cache
def listed() -> dict[str, tuple[Mutant, tuple[str, ...]]]:
    """Return every mutant and its home, by its id."""
    found: dict[str, tuple[Mutant, tuple[str, ...]]] = {}
    for module in pkgutil.iter_modules([str(_PACKAGE)]):
        if module.name in _MACHINERY:
            continue
        area = import_module(f"{_NAME}.{module.name}")
        mutants: tuple[Mutant, ...] = getattr(area, "MUTANTS", ())  # a module may only help others
        for mutant in mutants:
            if mutant.id in found:
                raise ValueError(f"two mutants are called {mutant.id}")
            found[mutant.id] = mutant, _HOMES.get(module.name, (module.name.upper(),))
    return found


def all_benign() -> dict[str, Benign]:
    """Return every benign variant by its id; ValueError when two share one."""
    found: dict[str, Benign] = {}
    for name in _BENIGN:
        variants: tuple[Benign, ...] = import_module(f"{_NAME}.benign.{name}").VARIANTS
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
