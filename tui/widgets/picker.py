"""A sheet whose things have a choice each: left and right choose for the thing under the cursor.

The keys are the screen's own, so that footer and help name them and a role may forbid them; this
only keeps them from scrolling the text sideways.
"""

from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.widgets.sheet import Sheet


class Picker(Sheet):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.press('left')", show=False),
        Binding("right", "screen.press('right')", show=False),
    ]
