"""Documents: rendered from their owner and aligned with what the books show, never merged."""
