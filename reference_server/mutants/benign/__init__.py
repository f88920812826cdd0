"""The server in other forms that every clause permits: whoever accuses one of them is wrong."""
