"""What became of a message, or of an account, told from the topics alone."""
