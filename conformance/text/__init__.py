"""Text that leaves the judge: free of secrets, of control characters, and of surprises."""
