"""What the judge finds of this package: it makes the documents of a run, or of a fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.run.rendering import Renderer, RenderingError
from reports.errors import UNFIT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Documents:
    """Every document of this package."""

    def of_run(self, record: Path) -> Sequence[str]:
        """Write the documents of a run beside its record; return what they had to leave out."""
        from reports.render import render

        try:
            return render(record).notes
        except UNFIT as error:
            raise RenderingError(str(error)) from error

    def of_fleet(self, folder: Path) -> Sequence[str]:
        """Write the documents of a fleet into its folder; they leave nothing out."""
        from reports.fleet import render_fleet

        try:
            render_fleet(folder)
        except UNFIT as error:
            raise RenderingError(str(error)) from error
        return ()


RENDERER: Renderer = Documents()
