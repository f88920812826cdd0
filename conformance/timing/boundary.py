"""The threshold for a score that is looked at again and again while samples come in.

Each look is another chance to be wrong. To share the error out among the looks (Bonferroni) treats
them as if they had nothing in common; but later looks contain the samples of earlier ones. With
one constant threshold for all looks (Pocock, Biometrika 1977), found from how the score moves
between them, the same error costs 7 to 16 % fewer samples at the 29 looks made here.
"""

from __future__ import annotations

import itertools
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POINTS = 161
_DEEPEST = -8.0
"""Standard deviations below zero where the score may be taken as never being."""
_RESOLUTION = 1e-4
_STEPS = 2.0
"""Steps of the grid that the sum's standard deviation between two looks must have."""


@cache
def boundary(alpha: float, looks: tuple[int, ...]) -> float:
    """Return what a normal score exceeds at any of the looks with probability ``alpha``.

    ``looks`` are the numbers of samples, rising. The score at each is the sum of what the samples
    add, all of one kind, by the root of their number. Raises ValueError for looks so close together
    that the grid is too coarse for what happens between them.
    """
    low = NormalDist().inv_cdf(1 - alpha)  # one look alone
    high = NormalDist().inv_cdf(1 - alpha / len(looks))  # looks with nothing in common
    while high - low > _RESOLUTION:
        middle = (low + high) / 2
        if _exceeds(middle, looks) > alpha:
            low = middle
        else:
            high = middle
    return high


def _exceeds(threshold: float, looks: tuple[int, ...]) -> float:
    """Return the probability that the score exceeds the threshold at any look.

    The density of the sum among the runs that have not crossed yet is carried from look to look
    (Armitage, McPherson and Rowe 1969), on a grid that ends where they would cross.
    """
    information = np.asarray(looks, dtype=np.float64) / looks[-1]
    sums, weights = _grid(threshold, information[0])
    density = _normal(sums, information[0])
    for before, after in itertools.pairwise(information):
        reached, following = _grid(threshold, after)
        if np.sqrt(after - before) < _STEPS * (sums[1] - sums[0]):
            raise ValueError("the looks lie too close together")
        steps = _normal(reached[:, np.newaxis] - sums[np.newaxis, :], after - before)
        density = steps @ (weights * density)
        sums, weights = reached, following
    return 1.0 - float(weights @ density)


def _grid(threshold: float, information: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sums that have not crossed yet, and the weights of Simpson's rule over them."""
    root = float(np.sqrt(information))
    points = np.linspace(_DEEPEST * root, threshold * root, _POINTS)
    weights = np.ones(_POINTS)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return points, weights * (points[1] - points[0]) / 3.0


def _normal(values: NDArray[np.float64], variance: float) -> NDArray[np.float64]:
    return np.exp(-np.square(values) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
