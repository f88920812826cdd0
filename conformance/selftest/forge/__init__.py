"""Tests of what is presented to a target."""
