"""Lets `python -m relay` do what the console script `relay` does."""

from relay.commands import main

main()
