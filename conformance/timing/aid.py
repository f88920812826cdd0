"""Tries what is to help a measurement before it is used: it may not slow down what it measures.

An aid that is harmless for one shape of server is not for another: processes that kept the cores
awake, and gave way to everything in their own session, turned a median of 0.6 ms into 3.9 ms where
the database had a session of its own. So a few requests of one kind are timed with the aid and
without, by turns, and none that raises a quantile is taken.
"""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from conformance.timing.sampling import Sampler

T = TypeVar("T")
QUANTILES = (0.25, 0.5, 0.75, 0.9)
_TURNS, _REQUESTS = 6, 20
_BEYOND_NOISE = 2.0
"""Standard errors: low, since an aid that is left out without need costs a longer wait at worst."""


@contextmanager
def helped(
    sampler: Sampler, aid: Callable[[], AbstractContextManager[T | None]], seconds: float
) -> Generator[T | None]:
    """Enter an aid where it does no harm, and yield what it yields; None where it is not taken.

    The trial may take so many seconds; an aid that cannot be tried in time is not taken.
    Raises ExchangeError.
    """
    if not _is_harmless(sampler, aid, time.monotonic() + seconds):
        yield None
        return
    with aid() as found:
        yield found


def _is_harmless(
    sampler: Sampler, aid: Callable[[], AbstractContextManager[T | None]], deadline: float
) -> bool:
    sampler.collect(0, deadline)  # the warm-up
    plain, aided = (sampler.another(sampler.probes[0]) for _ in range(2))
    for turn in range(1, _TURNS + 1):
        wanted = turn * _REQUESTS
        if plain.collect(wanted, deadline) < wanted:
            return False
        with aid() as found:
            if found is None or aided.collect(wanted, deadline) < wanted:
                return False
    return not raises_a_quantile(plain.times, aided.times)


def raises_a_quantile(plain: NDArray[np.int64], aided: NDArray[np.int64]) -> bool:
    """Tell whether times with an aid exceed a quantile of those without oftener than by chance."""
    for quantile in QUANTILES:
        share = float((aided > np.quantile(plain, quantile)).mean())
        error = math.sqrt(quantile * (1 - quantile) * (1 / plain.size + 1 / aided.size))
        if share - (1 - quantile) > _BEYOND_NOISE * error:
            return True
    return False
