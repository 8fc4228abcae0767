"""What the relay costs by itself, part by part."""
