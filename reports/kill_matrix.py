"""The kill matrix: which deliberately broken server was caught by which requirement."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from conformance.text.printable import single_line
from reports.errors import KillMatrixError

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "kill-matrix.json"


@dataclass(frozen=True)
class Kill:
    """One mutant: what it names, what failed, how long it took in seconds."""

    name: str
    names: frozenset[str]
    failed: frozenset[str]
    is_exact: bool
    seconds: float


@dataclass(frozen=True)
class KillMatrix:
    """All mutants; ``columns`` are the requirements that any of them names or fails."""

    kills: tuple[Kill, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The requirement ids that occur, sorted."""
        return tuple(sorted({one for kill in self.kills for one in kill.names | kill.failed}))

    @property
    def exact(self) -> int:
        """How many mutants were failed by exactly what they name."""
        return sum(kill.is_exact for kill in self.kills)

    def catching(self, requirement_id: str) -> tuple[str, ...]:
        """Return the mutants that this requirement was named for and caught."""
        return tuple(kill.name for kill in self.kills if requirement_id in kill.names & kill.failed)


def find(run_jsonl: Path) -> Path | None:
    """Return the matrix beside the record, or one level above its directory, if there is one."""
    folder = run_jsonl.resolve().parent
    near = (folder / FILE_NAME, folder.parent / FILE_NAME)
    return next((path for path in near if path.is_file()), None)


def load(path: Path) -> KillMatrix:
    """Read a matrix. Raises KillMatrixError, which says what is wrong with it."""
    try:
        rows = json.loads(path.read_bytes())
    except OSError as error:
        raise KillMatrixError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise KillMatrixError(f"{path} is not JSON") from error
    if not isinstance(rows, list):
        raise KillMatrixError(f"{path} is not a list of mutants")
    try:
        return KillMatrix(tuple(_kill(row) for row in cast("list[Any]", rows)))
    except (KeyError, TypeError) as error:
        raise KillMatrixError(f"{path} holds a mutant without its fields: {error}") from error


def _kill(row: Any) -> Kill:
    if not isinstance(row["exact"], bool) or not isinstance(row["seconds"], int | float):
        raise TypeError("exact or seconds is of another type")
    names, failed = _ids(row["names"]), _ids(row["failed"])
    # The file's own word is not enough: a wrong row must not be shown as a right one.
    is_exact = row["exact"] and names == failed
    return Kill(single_line(_text(row["name"])), names, failed, is_exact, float(row["seconds"]))


def _ids(values: Any) -> frozenset[str]:
    if not isinstance(values, list):
        raise TypeError("names or failed is not a list")
    return frozenset(single_line(_text(value)) for value in cast("list[Any]", values))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a name is not a text")
    return value
