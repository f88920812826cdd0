"""What must hold after a run, whatever the load: pure functions of what was seen.

A ruling accuses only on evidence that admits no other reading. What could not be seen is
*not assessed*, never *pass*.
"""

from load.invariants.answers import answers_are_right
from load.invariants.crossing import nothing_crosses
from load.invariants.limits import limit_holds
from load.invariants.ruling import Ruling
from load.invariants.trail import AUDIT, trail_is_complete

__all__ = [
    "AUDIT",
    "Ruling",
    "answers_are_right",
    "limit_holds",
    "nothing_crosses",
    "trail_is_complete",
]
