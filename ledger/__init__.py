"""The words of the program (``model``) and the one place that remembers (``store``)."""
