"""A simulator of the providers: an HTTP server with life cycles, faults on order and the truth about every message."""
