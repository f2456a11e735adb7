"""The forced re-export of the product catalogue: a guarded job over the ordinary cycle."""
