"""Rounds of random faults under load against real processes, with a checker that knows nothing of the relay."""
