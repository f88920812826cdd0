"""The checks, one file an area of the catalogue. Only an assertion here accuses a target."""
