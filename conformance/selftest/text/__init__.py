"""Tests of `conformance/text`."""
