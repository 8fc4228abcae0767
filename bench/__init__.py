"""The benchmark: the relay beside what else people would do the job with, on one broker; `python -m bench`."""
