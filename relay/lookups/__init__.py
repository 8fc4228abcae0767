"""Questions to providers over HTTP: paced, bounded, and honest about what an answer or its absence means."""
