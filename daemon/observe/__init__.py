"""Watching the daemon from outside: figures, signs of life, and word to people who are away."""
