"""Other designs of the same thing, for comparison in the same run. Each speaks enough of the protocol."""
