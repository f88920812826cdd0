"""Tests of what stands around a target."""
