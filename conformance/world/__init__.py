"""What stands around a target, and the judge plays: small real servers, programs of their own."""
