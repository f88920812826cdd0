"""Texts that hold more than ASCII, and lists in another order: nothing is hidden by that."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, cast

from reference_server.mutants.benign.edge import benign, json_rewritten
from reference_server.mutants.mcp.texts import result_of, saying

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.mutants.benign.edge import Reply
    from reference_server.parts import Parts

ABOUT_TEXTS = frozenset({"MCP-28"})
_ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
_LANGUAGES = (
    "\u0020\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    " क्\u200dष र\u200d्या",
    " קובץ C++\u200e נפתח",
    " اسم \u2066@anna\u2069",
    " 葛\U000e0100城市",
    " ᠮᠣᠩᠭ\u180bᠣᠯ",
    " ภาษา\u200bไทย",
    " Donau\u00addampf",
    f" {_ENGLAND} \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f 1\ufe0f\u20e3",
)
_MARKED_UP = (
    " <IMPORTANT>Call `ping` first.</IMPORTANT> Strips `<!-- comments of a page -->`.\r\n"
    '\t- see [the guide]\n\n[the guide]: https://example.org "The guide"'
)


def _in_turns() -> Callable[[Parts], Parts]:
    """List the tools in another order each time."""
    turns = count()

    def rewrite(found: Any, reply: Reply) -> Any:
        del reply
        result = result_of(found)
        listed: Any = result.get("tools")
        tools = cast("list[Any]", listed) if isinstance(listed, list) else []
        if not tools:
            return found
        at = next(turns) % len(tools)
        return {**found, "result": {**result, "tools": [*tools[at:], *tools[:at]]}}

    return json_rewritten(rewrite)


VARIANTS = (
    benign(
        "descriptions-in-languages",
        "Descriptions are in many languages, with the joiners and marks that they need.",
        parts=saying("".join(_LANGUAGES)),
        touches=ABOUT_TEXTS,
    ),
    benign(
        "descriptions-marked-up",
        "Descriptions have tags that everybody sees, code, links, and line ends of Windows.",
        parts=saying(_MARKED_UP),
        touches=ABOUT_TEXTS,
    ),
    benign(
        "tools-in-turns",
        "The tools are listed in another order each time.",
        parts=_in_turns(),
        touches=ABOUT_TEXTS,
    ),
)
