"""The ledger as it stood after one of its entries: folded anew up to there, beside what is kept.

Everything lies in temporary tables of a reading connection, in a file of the system's temporary
folder that goes with the connection: the ledger's own file is only read.
"""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from ledger.store.bodies import OrderedBodies
from ledger.store.errors import LedgerDamaged
from ledger.store.shadow import Progress, fold_everything, shadow
from ledger.store.sqlwords import torn_passed_over
from ledger.store.views import Views

T = TypeVar("T")


def in_the_past(
    db: sqlite3.Connection,
    *,
    key: bytes,
    seq: int,
    query: Callable[[Views], T],
    progress: Progress | None = None,
) -> T:
    """What ``query`` finds in the ledger as it was once entry ``seq`` was appended.

    ``db``: a reading connection in no transaction; it is of no other use afterwards. Cursors and
    notes beside the journal are those of today. Raises ``LedgerDamaged`` when the journal up to
    there does not verify.
    """
    db.execute("BEGIN")
    try:
        shadow(db, lists=True)
        bodies = OrderedBodies(db, key=key)
        with torn_passed_over(db, key):
            for _, problem in fold_everything(db, bodies, progress=progress, looks=True, until=seq):
                if problem or (problem := next(iter(bodies.problems()), "")):
                    raise LedgerDamaged(
                        problem,
                        cure="Run: trueup ledger verify. Then restore the last backup that "
                        "verifies.",
                    )
        db.execute(f"CREATE TEMP VIEW journal AS SELECT * FROM main.journal WHERE seq <= {seq:d}")
        return query(Views(db))
    finally:
        db.execute("ROLLBACK")  # and with it all of that
