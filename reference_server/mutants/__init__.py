"""The reference server with one realistic defect each, to prove that the judge can say no."""
