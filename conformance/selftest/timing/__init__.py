"""Tests of `conformance/timing`."""
