"""Which paths are probes, in whatever spelling they come."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from reference_server.scanner.tables import EXTENSIONS, PATHS

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_DECODINGS = 4
"""Times that a path is decoded: what is still encoded after that, no server would decode."""
LONGEST = 4096
"""Characters of a path that are looked at."""
_PARAMETERS = re.compile(r";[^/]*")
_REPEATED = re.compile(r"/(?:\.?/)+")
_IGNORED = ". \t"
"""What file systems drop from the end of a name."""


class ProbePaths:
    """Knows probes by pieces of a path and by the extensions of names in it.

    ``own`` are the server's own paths: spelt exactly so they are no probes.
    """

    def __init__(
        self,
        paths: Iterable[str] = PATHS,
        extensions: Iterable[str] = EXTENSIONS,
        own: Iterable[str] = (),
    ) -> None:
        self._paths = tuple(path.lower() for path in paths)
        self._extensions = frozenset(extension.lower() for extension in extensions)
        self._own = frozenset(own)

    def refuses(self, path: str) -> bool:
        """Tell whether a path is a probe's; it has been percent-decoded once, by HTTP."""
        if path in self._own:
            return False
        plain = canonical(path)
        if any(piece in plain for piece in self._paths):
            return True
        return any(map(self._is_probe, plain.split("/")))

    def _is_probe(self, name: str) -> bool:
        """Tell whether a name has such an extension; ``.env.local`` is the ``.env`` of somebody."""
        _, *endings = name.rstrip(_IGNORED).split(".")
        told = endings if name.startswith(".") else endings[-1:]
        return not self._extensions.isdisjoint(told)


def canonical(path: str) -> str:
    """Return the path as the most obliging server would read it, in small letters.

    Decoded until nothing is encoded any more, backslashes as slashes, without path parameters,
    repeated slashes, dots that name no other place, and what follows a NUL. ``..`` stays: whoever
    writes it names both places.
    """
    plain = path[:LONGEST]
    for _ in range(MOST_DECODINGS):
        if (decoded := unquote(plain, errors="replace")) == plain:
            break
        plain = decoded
    plain = plain.partition("\0")[0].replace("\\", "/").lower()
    return _REPEATED.sub("/", _PARAMETERS.sub("", plain))
