"""Doorbells: what the systems call out to us. A notice brings the next look forward, and no more.

Nothing that a notice says is believed: it is counted, and the cycle reads the truth itself.
"""
