"""What is printed to be typed can be typed: no command that would only be refused."""

from daemon.cli.plan import hold_lines, operation_lines
from daemon.control.protocol import CandidateShown, HoldShown, OperationShown


def removed(*, is_linked: bool) -> str:
    survivor = CandidateShown(
        ref="qbo/vendor/22", label="Anchor", evidence="its orders show it", is_linked=is_linked
    )
    held = HoldShown(
        record="vendor-a",
        kind="vendor",
        label="Bolt Works",
        code="removed",
        text="It was removed.",
        cure="Say that pointers to it mean Anchor (trueup remap vendor-a qbo/vendor/22).",
        candidates=(survivor,),
    )
    return "\n".join(hold_lines(held))


def test_a_candidate_that_has_a_counterpart_is_shown_without_the_command_to_link_it() -> None:
    assert "trueup link vendor-a qbo/vendor/22" in removed(is_linked=False)
    told = removed(is_linked=True)
    assert "qbo/vendor/22  Anchor" in told
    assert "trueup link" not in told
    assert "trueup remap vendor-a qbo/vendor/22" in told


def inactivating(kind: str, state: str) -> str:
    shown = OperationShown(
        digest="d" * 32,
        operation="o",
        record=f"{kind}-a",
        kind=kind,
        label="A B",
        system="dear",
        action="inactivate",
        state=state,
        reason="inactivates" if state == "waiting" else "",
        wave=0,
        changes=(),
    )
    return "\n".join(operation_lines(shown))


def test_who_does_not_want_an_inactivation_is_told_what_else_there_is() -> None:
    told = inactivating("item", "waiting")
    assert "trueup skip item-a --reason TEXT" in told
    assert "trueup catalogue plan --only 'A B'" in told
    assert "catalogue" not in inactivating("vendor", "waiting")
    assert "skip" not in inactivating("item", "approved")
