"""The auditor channel: the trail, in a table or exported as lines."""
