"""A strict simulator of the QuickBooks Online accounting API and of its token server."""
