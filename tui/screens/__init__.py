"""One module a screen. How to add one: see ``tui.screens.base``."""
