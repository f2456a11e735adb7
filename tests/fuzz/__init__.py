"""Whatever comes from outside: an answer with a name, never a crash, and nothing lost on the way.

Each file is about one door. ``spoiling`` makes the input, ``recorded`` has the answers that the
sandboxes really gave, ``effort`` says how long to try, ``test_found`` keeps what was found.
"""
