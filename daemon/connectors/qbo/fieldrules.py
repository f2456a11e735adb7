"""Rules of single fields that several kinds share."""

from ledger.model.capabilities import Access, FieldRule

CONTROL = "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 127]))
"""Control characters other than tab and line ends: no text of QBO may hold them."""
READ = FieldRule(access=Access.READ)


def text_rule(longest: int, *, access: Access = Access.WRITE) -> FieldRule:
    """A text of at most so many characters, without control characters."""
    return FieldRule(access=access, max_length=longest, forbidden=CONTROL)
