"""Writes docs/metrics.md and docs/logs.md from the code: `make docs`."""
