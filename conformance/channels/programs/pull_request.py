"""The check of a pull request's body, tried on bodies of which each lacks one thing."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.channels.programs.repository import filled, passes

if TYPE_CHECKING:
    from conformance.profile.gates import PullRequest

CHECK_SECONDS = 60
_TICK = re.compile(r"^(\s*[-*]\s+)\[[xX]\]", re.MULTILINE)


class PullRequestCheck:
    """Asks the target's own check what it thinks of a body."""

    def __init__(self, entry: PullRequest) -> None:
        self._entry = entry

    def accepts(self, body: str) -> bool:
        """Tell whether the check passes a body. Raises OSError or TimeoutExpired (inconclusive)."""
        with tempfile.TemporaryDirectory(prefix="hallmark-body-") as folder:
            path = Path(folder) / "body.md"
            path.write_text(body, encoding="utf-8")
            command = [filled(word, {"{body}": str(path)}) for word in self._entry.command]
            return passes(command, CHECK_SECONDS)

    @property
    def good(self) -> str:
        """A body that has all it needs."""
        return self._entry.body

    def lacking(self) -> dict[str, str]:
        """Return bodies that lack one thing each, by what it is.

        Empty where the good body has no such sections: then nothing can be taken out of it.
        """
        good, found = self.good, {"everything": "", "all but a comment": f"<!--\n{self.good}\n-->"}
        for name in (self._entry.reviews, self._entry.test_plan):
            section = _section(good, name)
            if section is None:
                return {}
            heading = section.splitlines()[0]
            found[f"the section {name!r}"] = good.replace(section, "")
            found[f"what stands under {name!r}"] = good.replace(section, f"{heading}\n\n")
            commented = f"{heading}\n<!--{section.removeprefix(heading)}-->\n"
            found[f"what stands under {name!r}, but for a comment"] = good.replace(
                section, commented
            )
        return {**found, **self._unticked()}

    def _unticked(self) -> dict[str, str]:
        plan = _section(self.good, self._entry.test_plan) or ""
        ticks = list(_TICK.finditer(plan))
        return {
            f"tick {number} of {len(ticks)}": self.good.replace(
                plan, f"{plan[: tick.start()]}{tick[1]}[ ]{plan[tick.end() :]}"
            )
            for number, tick in enumerate(ticks, 1)
        }


def _section(body: str, name: str) -> str | None:
    """Return a section with its heading, up to the next heading of whatever level."""
    heading = rf"^#+[ \t]+{re.escape(name)}[ \t]*$"
    found = re.search(rf"{heading}.*?(?=^#|\Z)", body, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    return found[0] if found else None
