"""The job done as FastStream's own documentation shows it: a subscriber that fetches and publishes."""
