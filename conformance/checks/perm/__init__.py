"""PERM: each caller sees and may call what the policy says, whatever else it says of itself."""
