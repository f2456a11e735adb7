"""The terminal front end: a client of ``daemon.control.client`` and of nothing else of ours."""
