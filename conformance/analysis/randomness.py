"""What a handful of minted keys show of the randomness in them.

What counts is how much may be random, not what else there is: a key that has a fixed part beside
its 256 random bits is as good as one without. For keys of 256 random bits each figure's bound is so
far off that all of them together accuse less than once in 10^9 sets of sixteen.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY_BITS = 256
_SPARE = 4
"""Bits that may seem fixed by chance: of 256 random ones more than that stay the same in sixteen
keys once in 10^12 times."""
_SHARED = 7
"""Characters that two random keys never share at their start: one in 2^42 for each of 120 pairs."""
_DEVIATIONS = 6.5
"""Standard deviations by which set bits may miss the half: more is seen once in 10^10 times."""


def faults_of(keys: Sequence[str]) -> list[str]:
    """Return what is wrong with keys that should be 256 random bits in base64url, or in hex.

    Of a key in two parts, with a dot between them, the first may be its public name.
    """
    bodies = without_label(keys)
    if all(body.count(".") == 1 for body in bodies):
        bodies = [body.partition(".")[2] for body in bodies]
    if len(set(bodies)) < len(bodies):
        return ["a key was minted twice"]
    if all(re.fullmatch(r"([0-9a-f]{2})+|([0-9A-F]{2})+", body) for body in bodies):
        return [*_of_form(bodies), *_of_bytes([bytes.fromhex(body) for body in bodies])]
    if not all(re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", body) for body in bodies):
        return ["not base64url"]
    try:
        raw = [base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)) for body in bodies]
    except binascii.Error:
        return ["not base64url: no bytes have that many characters"]
    return [*_of_form(bodies), *_of_bytes(raw)]


def without_label(keys: Sequence[str]) -> list[str]:
    """Return keys without a label in front, which is no secret, and helps scanners find leaks."""
    shared = shared_start(keys)
    label = shared[: max(shared.rfind("_"), shared.rfind("-")) + 1] if len(shared) > 1 else ""
    return [key[len(label) :] for key in keys]


def shared_start(texts: Sequence[str]) -> str:
    """Return the characters with which all texts begin."""
    first, last = min(texts), max(texts)
    length = next(
        (place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(len(first), len(last)),
    )
    return first[:length]


def _of_form(bodies: Sequence[str]) -> list[str]:
    faults: list[str] = []
    close = max(len(shared_start(pair)) for pair in combinations(bodies, 2))
    if close >= _SHARED:
        faults.append(f"two keys share their first {close} characters")
    letters = len(set("".join(bodies)))
    if (most := min(map(len, bodies)) * math.log2(letters)) < KEY_BITS - _SPARE:
        faults.append(f"{letters} different characters make {most:.0f} bits at most")
    places, wanted = independent_places([body.encode() for body in bodies]), KEY_BITS / 6
    if places < wanted:
        faults.append(f"{places} characters are neither fixed nor repeated, of {wanted:.0f}")
    return faults


def _of_bytes(raw: Sequence[bytes]) -> list[str]:
    if (shortest := min(len(value) * 8 for value in raw)) < KEY_BITS:
        return [f"fewer than 256 bits: {shortest}"]
    faults: list[str] = []
    changing = changing_bits(raw)
    if (count := changing.bit_count()) < KEY_BITS - _SPARE:
        faults.append(f"fewer than 256 bits: {count} differ from key to key")
    if (places := independent_places(raw)) < KEY_BITS / 8:
        faults.append(f"{places} bytes are neither fixed nor repeated, of {KEY_BITS // 8}")
    # What is the same in all, a version in front among it, has nothing to do with the drawn bits.
    drawn = count * len(raw)
    ones = sum((number & changing).bit_count() for number in _numbers(raw))
    if abs(ones - drawn / 2) > _DEVIATIONS * (drawn / 4) ** 0.5:
        faults.append(f"{ones} of the {drawn} bits that differ from key to key are set")
    return faults


def changing_bits(values: Sequence[bytes]) -> int:
    """Return a number whose set bits are the positions that are not the same in all values."""
    first, *others = _numbers(values)
    changed = 0
    for number in others:
        changed |= number ^ first
    return changed


def _numbers(values: Sequence[bytes]) -> list[int]:
    """Return the values as numbers, of as many bytes as the shortest has."""
    length = min(map(len, values))
    return [int.from_bytes(value[:length], "big") for value in values]


def independent_places(values: Sequence[bytes]) -> int:
    """Return at how many places the values differ, leaving out places that repeat another.

    A place repeats another if the two differ by the same in every value: so do the halves of a key
    that is written twice, and those of one that ends in its own complement.
    """
    columns = {tuple(byte ^ column[0] for byte in column) for column in zip(*values, strict=False)}
    return sum(any(column) for column in columns)
