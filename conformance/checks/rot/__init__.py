"""ROT: rotation and revocation of keys."""
