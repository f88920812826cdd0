"""TIME: what the time of a refusal tells."""
