"""Which connectors there are: a name, and where its class lies; imported when it is asked for.

Adding a system adds one line here. Must not import a connector before it is needed: the command
line starts faster without them.
"""

from importlib import import_module

from ledger.model.errors import ConfigProblem

CONNECTORS: dict[str, str] = {
    "qbo": "daemon.connectors.qbo.connector:QboConnector",
    "dear": "daemon.connectors.dear.connector:DearConnector",
}


def connector_class(name: str) -> type:
    """The class that connects to systems of this type; it has an ``open`` class method."""
    place = CONNECTORS.get(name)
    if place is None:
        known = ", ".join(sorted(CONNECTORS))
        raise ConfigProblem([f"there is no connector {name!r}; known are: {known}"])
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    assert isinstance(found, type)
    return found
