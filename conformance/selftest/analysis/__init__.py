"""Tests of `conformance/analysis`."""
