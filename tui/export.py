"""A list as text for other programs: CSV that no spreadsheet calculates, and JSON. Pure.

Foreign text is made safe twice over: nothing in it acts on a terminal, and nothing in it is taken
for a formula. JSON is exact and needs neither.
"""

from collections.abc import Iterable, Mapping, Sequence


def csv_text(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """RFC 4180. The cells are taken as they are: pass foreign text through ``cell`` first, and
    leave amounts alone, so that they stay numbers."""
    import csv  # only for who exports
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(titles)
    writer.writerows(rows)
    return out.getvalue()


def json_text(answer: Mapping[str, object]) -> str:
    """Escapes all but ASCII, so that no reader's terminal is acted upon either."""
    import json

    return json.dumps(answer, indent=1, ensure_ascii=True) + "\n"
