"""Pure, frozen values: what can be said about both worlds. No I/O, no clock, Decimal only."""
