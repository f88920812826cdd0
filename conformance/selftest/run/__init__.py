"""Tests of `conformance/run`."""
