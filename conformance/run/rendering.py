"""Has documents made of a run's record, or of a fleet's, by the package that registers for it.

The judge imports no such package before there is a record, and none by its name alone.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from conformance.text.plain import powerless

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PACKAGE, MODULE, NAME = "reports", "renderer", "RENDERER"
"""The package beside this one that makes documents, and what of it is a ``Renderer``."""
_BESIDE_US = Path(__file__).resolve().parents[2]


class Renderer(Protocol):
    """Makes documents. Both methods return sentences on what a document had to leave out."""

    def of_run(self, record: Path) -> Sequence[str]:
        """Write the documents of a run beside its record. Raises RenderingError."""
        ...

    def of_fleet(self, folder: Path) -> Sequence[str]:
        """Write the documents of a fleet into its folder. Raises RenderingError."""
        ...


class RenderingError(Exception):
    """No document could be made; the message is one sentence."""


def render_run(record: Path) -> bool:
    """Have the documents of a run written; tell whether they were."""
    return _rendered(lambda renderer: renderer.of_run(record))


def render_fleet(folder: Path) -> bool:
    """Have the documents of a fleet written; tell whether they were."""
    return _rendered(lambda renderer: renderer.of_fleet(folder))


def registered() -> Renderer:
    """Return the renderer of the package beside this one.

    It is that of a clone that was never installed, too, and never one of the same name that the
    folder of the run or the caller's path may hold. The folder that holds both packages is not
    searched for any other: it may hold what was made for older releases of Python, and would stand
    in for parts of it.
    """
    spec = PathFinder.find_spec(PACKAGE, [str(_BESIDE_US)])
    if spec is None or spec.loader is None:
        raise RenderingError(f"there is no package {PACKAGE} beside the judge")
    known = sys.modules.get(PACKAGE)
    if known is None or known.__spec__ is None or known.__spec__.origin != spec.origin:
        package = sys.modules[PACKAGE] = module_from_spec(spec)
        spec.loader.exec_module(package)
    return cast("Renderer", getattr(importlib.import_module(f"{PACKAGE}.{MODULE}"), NAME))


def _rendered(make: Callable[[Renderer], Sequence[str]]) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):  # of libraries; no fault of the record
            notes = make(registered())
    except RenderingError as error:
        return _unwritten(str(error))
    except Exception as error:  # noqa: BLE001 -- no fault of a document may cost the verdicts
        return _unwritten(f"{type(error).__name__}: {error}")
    for note in notes:
        sys.stdout.write(f"{powerless(note)}\n")
    return True


def _unwritten(why: str) -> bool:
    sys.stderr.write(f"no report was written: {powerless(why)}\n")
    return False
