"""Other rules for the same samples, as people use them: for the benchmark alone (needs scipy)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import scipy  # pyright: ignore[reportMissingTypeStubs] -- which imports its parts at first use

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Times = NDArray[np.int64]

_scipy = cast("Any", scipy)
_RATIO = 0.2
_WELCH = 4.5
_WILCOXON = 0.01


def means_differ(a: Times, b: Times) -> bool:
    """Alarm when the means differ by more than 20 %."""
    return abs(float(a.mean()) / float(b.mean()) - 1) > _RATIO


def welch(a: Times, b: Times) -> bool:
    """Alarm when Welch's t exceeds 4.5, as dudect does."""
    return abs(float(_scipy.stats.ttest_ind(a, b, equal_var=False).statistic)) > _WELCH


def wilcoxon(a: Times, b: Times) -> bool:
    """Alarm when Wilcoxon's signed-rank test on the pairs says p < .01."""
    differences = (a - b).astype(np.float64)
    return bool(np.any(differences)) and _scipy.stats.wilcoxon(differences).pvalue < _WILCOXON


RIVALS: dict[str, Callable[[Times, Times], bool]] = {
    "means within 20 %": means_differ,
    "Welch t > 4.5": welch,
    "Wilcoxon p < .01": wilcoxon,
}
