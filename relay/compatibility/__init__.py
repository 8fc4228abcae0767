"""The contract gate: what a change of a schema means for those who write to the topics, and those who read them."""
