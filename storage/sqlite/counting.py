"""What digests and measures read. Placeholder."""
