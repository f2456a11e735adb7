"""The story of one cycle: recover, observe, plan, pass the gate, write, remember."""
