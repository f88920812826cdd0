"""All attacks, by name: what the modules of this folder list under ATTACKS."""

from __future__ import annotations

from load.attacks.families import asking, framing, held, listening, texts

ATTACKS = {
    one.name: one for module in (held, framing, asking, texts, listening) for one in module.ATTACKS
}
