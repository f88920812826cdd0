"""Makes what is presented to a target: keys, paths, requests."""
