"""`relay demo`."""
