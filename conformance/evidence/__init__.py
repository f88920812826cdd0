"""The channels to evidence, one class each."""
