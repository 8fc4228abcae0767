"""The delivery-report relay: asks messaging providers what became of messages, publishes each change exactly once."""

__version__ = "0.1.0"
