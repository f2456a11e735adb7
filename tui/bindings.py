"""The keys of everywhere as Textual binds them; what they are is told in ``tui.keys``."""

from textual.binding import Binding, BindingType

from tui.keys import ALWAYS

EVERYWHERE: list[BindingType] = [
    *(Binding(str(n), f"number({n})", show=False) for n in range(1, 8)),
    *(
        Binding(key.key, f"always('{key.run}')", key.label, show=False)
        for key in ALWAYS
        if key.key not in ("ctrl+p", "colon")
    ),
    Binding("colon", "command_line", show=False, priority=True),
    Binding("ctrl+c", "interrupt", show=False, priority=True),
    Binding("ctrl+q", "always('quit')", show=False),
]
