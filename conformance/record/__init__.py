"""The record of a run: written by the judge, read by whatever reports on it."""
