"""Tests of `conformance/channels`."""
