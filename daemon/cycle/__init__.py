"""The story of one cycle: observe, recover, plan, pass the gate, write, remember."""
