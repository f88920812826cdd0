"""Parts by which somebody recognizes a credential: its first characters, and its last ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.analysis.randomness import shared_start
from conformance.text.tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Sequence

RECOGNIZED = 8
"""Characters of a credential's own that give it away."""
_SEPARATORS = frozenset("._-:~")
_LABEL = re.compile(r"^.{1,10}[._:-](?=.{16})")


def own_part(key: str, keys: Sequence[str]) -> str:
    """Return what of a key is its own: neither what all keys begin or end with, nor its name.

    Where a separator stands at one place in the first half of all, what is before it may be the
    public name of each. A credential without others is taken to have a label, at most.
    """
    others = [*dict.fromkeys(keys)]
    if not others[1:]:
        return _LABEL.sub("", key)
    begins = len(shared_start(others))
    ends = len(shared_start([one[begins:][::-1] for one in others]))
    half = min(map(len, others)) // 2
    named = [at for at in range(begins, half) if _separated(others, at)]
    return key[(named[-1] + 1 if named else begins) : len(key) - ends]


def _separated(keys: Sequence[str], at: int) -> bool:
    found = {key[at] for key in keys}
    return len(found) == 1 and found <= _SEPARATORS


def recognizable(own: str) -> dict[str, str]:
    """Return the parts of what is a credential's own that give it away; none of a short one."""
    if len(own) < 2 * RECOGNIZED:
        return {}
    return {"the beginning": own[:RECOGNIZED], "the end": own[-RECOGNIZED:]}


def giving_away(credential: str, others: Sequence[str]) -> dict[str, str]:
    """Return the parts of a credential that give it away, by what they are.

    ``others`` are credentials of its kind, itself among them. A signed token's header is the same
    in all, and no secret; so is what of its claims all others have, and claims of which there are
    no others to compare with are left out. Claims in plain text, such as the token's id, are no
    part of what is presented.
    """
    if not is_token(credential):
        return recognizable(own_part(credential, others))
    _, claims, signature = credential.split(".")
    found = {f"{place} of the signature": part for place, part in recognizable(signature).items()}
    known = {one.split(".")[1] for one in others if is_token(one)}
    if known - {claims}:
        own = recognizable(own_part(claims, sorted(known | {claims})))
        found |= {f"{place} of the claims": part for place, part in own.items()}
    return found
