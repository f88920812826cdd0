"""The profile: what a user declares of a target, read, checked and frozen."""
