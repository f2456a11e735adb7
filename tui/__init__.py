"""The terminal front end: a client of ``daemon.control.client`` and of nothing else of ours.

Rooms: ``command`` (``trueup tui``), ``app`` (views, keys of everywhere), ``link`` (the connection),
``state`` (what is known of the daemon: a pure fold), ``keys``, ``address``, ``times`` (pure),
``dialogs``, ``views`` (the table of screens), ``screens`` (one module a screen), ``widgets`` (what
they are built of). How to add a screen, and what to use for lists, dialogs and acts, stands in
``tui.screens.base``.

Everything foreign is drawn through ``tui.widgets.safe`` or ``tui.widgets.rows``, which take it
literally. Nothing is drawn while nothing changes but the age of the data.
"""
