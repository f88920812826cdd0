"""States that are changed: each value of what can be read, letters of what cannot."""

from __future__ import annotations

import base64
import json

from conformance.forge.states import changed


def _decoded(state: str) -> object:
    return json.loads(base64.urlsafe_b64decode(state + "=" * (-len(state) % 4)))


def test_each_value_of_a_state_that_can_be_read_is_changed() -> None:
    held = {"owner": "a1", "step": 2, "done": False, "ids": ["x"]}
    state = base64.urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")
    found = {what: other for what, other in changed(state) if what.endswith(" in it")}
    assert found.keys() == {"owner in it", "step in it", "done in it", "ids[0] in it"}
    for other in found.values():
        decoded = _decoded(other)
        assert isinstance(decoded, dict)
        assert decoded.keys() == held.keys()
        assert decoded != held


def test_a_signature_is_left_out_and_no_change_is_none() -> None:
    states = dict(changed("v1.abcdefghijkl.mnopqrstuvwx"))
    assert states["its last part left out"] == "v1.abcdefghijkl"
    assert states["its last part empty"] == "v1.abcdefghijkl."
    assert "v1.abcdefghijkl.mnopqrstuvwx" not in states.values()
    assert len(set(states.values())) == len(states)
