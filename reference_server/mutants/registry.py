"""All mutants: what the modules beside this one list under MUTANTS."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from reference_server.errors import ConfigurationError

if TYPE_CHECKING:
    from reference_server.mutants.model import Mutant

_MACHINERY = {"__main__", "bending", "matrix", "model", "registry"}


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


def find_mutant(name: str) -> Mutant:
    """Return a mutant; ConfigurationError for an unknown name."""
    try:
        return all_mutants()[name]
    except KeyError as error:
        raise ConfigurationError(
            f"There is no mutant {name!r}: `python -m reference_server.mutants --list` shows all."
        ) from error
