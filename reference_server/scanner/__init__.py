"""Scanner triage: what looks like a probe is refused before any handler, and told of."""
