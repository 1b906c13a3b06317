"""Data models: their datasets, and how one is read."""
