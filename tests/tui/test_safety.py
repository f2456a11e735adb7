"""No widget is built of text that Textual would read as markup."""

import ast
from collections.abc import Iterator
from pathlib import Path

import tui

FOLDER = Path(tui.__file__).parent
PARSING = {
    "Button",
    "Checkbox",
    "Collapsible",
    "DataTable",
    "Digits",
    "Label",
    "Markdown",
    "OptionList",
    "RadioButton",
    "Select",
    "SelectionList",
    "Static",
    "Tooltip",
    "Tree",
}
TITLES = {"border_title", "border_subtitle", "tooltip"}
SAFE = {"safe", "safe_lines"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(FOLDER.rglob("*.py")):
        yield path.relative_to(FOLDER).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def called(node: ast.AST) -> str:
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
        case _:
            return ""


def literal(call: ast.Call) -> bool:
    return any(
        word.arg == "markup" and isinstance(word.value, ast.Constant) and word.value.value is False
        for word in call.keywords
    )


def offences(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = called(node)
            foreign = bool(node.args) and called(node.args[0]) not in SAFE
            if (name in PARSING and foreign) or (name == "notify" and not literal(node)):
                yield node.lineno
        if isinstance(node, ast.Assign):
            for target in node.targets:
                titled = isinstance(target, ast.Attribute) and target.attr in TITLES
                if titled and called(node.value) not in SAFE:
                    yield node.lineno


def test_every_text_of_a_widget_is_taken_literally() -> None:
    found = [f"tui/{where}:{line}" for where, tree in sources() for line in offences(tree)]
    assert not found, f"wrap the text in tui.widgets.safe.safe(), or use Line: {found}"


def test_the_search_finds_what_it_is_for() -> None:
    bad = 'Static(name)\nLabel(f"{x}")\nself.notify(text)\nw.border_title = name\nButton("[b]")'
    assert len(list(offences(ast.parse(bad)))) == 5
    good = "Static(safe(name), markup=False)\nnotify(x, markup=False)\nw.border_title = safe(x)"
    assert list(offences(ast.parse(good))) == []


def test_nothing_of_rich_parses_markup_either() -> None:
    found = [
        f"tui/{where}:{node.lineno}"
        for where, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and called(node) in {"from_markup", "render_markup", "render_str"}
    ]
    assert not found
