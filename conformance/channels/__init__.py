"""Channels: every way in which the judge acts on a target or looks at it, a class each."""
