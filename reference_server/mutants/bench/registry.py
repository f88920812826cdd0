"""All mutants and all benign variants: what modules list under MUTANTS and VARIANTS."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from conformance.catalogue import areas
from reference_server.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reference_server.mutants.model import Benign, Mutant

_FOLDER = Path(__file__).parents[1]
_PACKAGE = "reference_server.mutants"


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
    held = ((mutant, area) for area in areas() for mutant in _held(area.lower(), "MUTANTS"))
    return _by_id("mutants", held)


def all_benign() -> dict[str, Benign]:
    """Return every benign variant by its id; ValueError when two share one."""
    held = ((variant, "") for variant in _held("benign", "VARIANTS"))
    found = _by_id("variants", held)
    return {name: cast("Benign", variant) for name, (variant, _) in found.items()}


def _held(folder: str, name: str) -> Iterator[Mutant]:
    """Yield what the modules of a folder list under a name; a module may only help others."""
    for module in pkgutil.iter_modules([str(_FOLDER / folder)]):
        yield from getattr(import_module(f"{_PACKAGE}.{folder}.{module.name}"), name, ())


def _by_id(kind: str, held: Iterable[tuple[Mutant, str]]) -> dict[str, tuple[Mutant, str]]:
    found: dict[str, tuple[Mutant, str]] = {}
    for mutant, area in held:
        if mutant.id in found:
            raise ValueError(f"two {kind} are called {mutant.id}")
        found[mutant.id] = mutant, area
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
