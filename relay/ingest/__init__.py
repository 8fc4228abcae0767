"""The way in: input records are validated one by one and moved to the inbox of their slot, bad ones to dead letters."""
