"""The pure heart: what is known of a message, what a report changes, when to ask next. Standard library only."""
