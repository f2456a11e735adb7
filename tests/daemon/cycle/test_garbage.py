"""Garbage is collected as ever once what was read at once is done, whoever ends first."""

import gc

from daemon.cycle.garbage import SELDOM, few_collections


def test_collections_are_rare_only_meanwhile() -> None:
    usual = gc.get_threshold()
    first, second = few_collections(), few_collections()

    with first:
        assert gc.get_threshold()[0] == SELDOM
        with second:
            assert gc.get_threshold()[0] == SELDOM
        assert gc.get_threshold() == usual
    assert gc.get_threshold() == usual
