"""The suite's own tests: they judge the judge."""
