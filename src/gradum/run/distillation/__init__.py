"""A smaller model distilled from the one in use: its size, its judging, and what it cost."""
