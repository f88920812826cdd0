"""``python -m conformance init-profile | login | schema | refresh``, and the command ``hallmark``.

What a command needs is imported by that command: pytest must come before what it looks into.
"""

from __future__ import annotations

import sys

COMMANDS = frozenset({"init-profile", "login", "refresh", "schema"})


def main(words: list[str] | None = None, program: str = "python -m conformance") -> int:
    """Do what goes with judging; return the exit code."""
    from conformance.drafting.preparing import prepare

    return prepare(sys.argv[1:] if words is None else words, program)


def hallmark() -> int:
    """Judge, or do one of the commands, as the installed command; return the exit code."""
    words = sys.argv[1:]
    if words[:1] and words[0] in COMMANDS:
        return main(words, "hallmark")
    from conformance.run.command import judge

    return judge(words)


if __name__ == "__main__":
    sys.exit(main())
