"""A profile's regular expression on lines of a target's, so bounded that it hangs nobody.

Python's own engine cannot be interrupted, and a pattern with nested repeats takes for ever on a
short line. So it runs in a process of its own, which is ended when its time is over.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from conformance.verdicts import NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 10.0
"""What all lines of one reading may take."""
LONGEST = 8192
"""Characters of a line that are looked at."""
_PROGRAM = """
import json, re, sys, warnings
warnings.simplefilter("ignore")
pattern, longest, lines = json.load(sys.stdin)
matches = map(re.compile(pattern).match, (line[:longest] for line in lines))
json.dump([match and match.groupdict() for match in matches], sys.stdout)
"""


def entries_of(
    pattern: str, lines: Sequence[str], entry: str, seconds: float = SECONDS
) -> list[dict[str, str] | None]:
    """Return what the named groups of a pattern hold in each line; None where it does not match.

    A group that takes no part in a match is left out. Raises NotEstablishedError, naming the
    profile's ``entry``, where that takes too long.
    """
    if not lines:
        return []
    try:
        done = subprocess.run(  # noqa: S603 -- this Python, and a program of ours
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            input=json.dumps([pattern, LONGEST, lines]).encode(),
            capture_output=True,
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise NotEstablishedError(
            f"could not establish what {len(lines)} lines of the log say: {entry} took longer than "
            f"{seconds:.3g} s; write it so that no two neighbouring repeats match the same"
        ) from None
    found: list[dict[str, str | None] | None] = json.loads(done.stdout)
    return [None if one is None else _present(one) for one in found]


def _present(groups: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in groups.items() if value is not None}
