"""The public shapes of the relay's topics: what is read, what is published, and the JSON Schemas of both."""
