"""The house rules, as failing tests. Each names what to do instead."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ledger", "daemon", "tui")
LONGEST_FUNCTION = 70
LONGEST_FILE = 400


def sources() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def suite_files() -> list[Path]:
    return sorted((ROOT / "tests").rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """Nobody changes it: all rules look at the same one."""
    return ast.parse(path.read_text(encoding="utf-8"))


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sources():
        yield name(path), tree_of(path)


def dotted(node: ast.AST) -> str:
    match node:
        case ast.Attribute(value=value, attr=attr):
            return f"{dotted(value)}.{attr}"
        case ast.Name(id=ident):
            return ident
        case _:
            return ""


def calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, dotted(node.func)


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{where}:{node.lineno} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for where, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long, f"split at {LONGEST_FUNCTION} lines: {long}"


def test_files_are_about_one_thing() -> None:
    long = [
        f"{name(path)}: {count}"
        for path in sources()
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]
    assert not long, f"split at {LONGEST_FILE} lines: {long}"


def test_every_module_says_what_it_is_for() -> None:
    mute = [
        where
        for where, tree in trees()
        if tree.body and not ast.get_docstring(tree)  # empty __init__ files say enough
    ]
    assert not mute, f"add a module docstring: {mute}"


BANNED_CALLS = {
    "datetime.now": "use the injected Clock",
    "datetime.utcnow": "use the injected Clock",
    "time.time": "use the injected Clock",
    "time.monotonic": "use the injected Clock",
    "asyncio.sleep": "use Clock.sleep",
    "time.sleep": "use Clock.sleep",
    "asyncio.create_task": "use a TaskGroup, or daemon.supervise",
    "uuid.uuid4": "derive ids, so that a repeated plan is the same plan",
    "eval": "parse it",
    "pickle.loads": "use msgspec",
    "print": "the command line speaks through daemon.cli; logs through daemon.log",
}
ALLOWED = {
    "datetime.now": {"daemon/clock.py"},
    "time.monotonic": {"daemon/clock.py"},
    "asyncio.sleep": {"daemon/clock.py"},
    "asyncio.create_task": {"daemon/supervise.py", "ledger/store/ledger.py"},
}


def test_banned_calls_stay_out() -> None:
    found = [
        f"{where}:{line} {call}: {BANNED_CALLS[call]}"
        for where, tree in trees()
        for line, call in calls(tree)
        if call in BANNED_CALLS
        and where not in ALLOWED.get(call, set())
        and not (call == "print" and where.startswith("daemon/cli/"))
    ]
    assert not found, found


def test_the_core_knows_no_floats() -> None:
    found = [
        f"{where}:{node.lineno}"
        for where, tree in trees()
        if where.startswith(("ledger/model/", "daemon/reconcile/"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func) == "float"
    ]
    assert not found, f"amounts are Decimal from the wire's text to the wire's text: {found}"


def test_broad_except_has_one_home() -> None:
    allowed = {"daemon/cycle/schedule.py", "daemon/cli/errors.py"}
    found = [
        f"{where}:{node.lineno}"
        for where, tree in trees()
        if where not in allowed
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or dotted(node.type) in {"Exception", "BaseException"})
        and not any(isinstance(child, ast.Raise) for child in ast.walk(node))
    ]
    assert not found, f"catch what you can name: {found}"


def test_tests_wait_for_conditions_not_for_time() -> None:
    found = []
    for path in suite_files():
        found += [
            f"{name(path)}:{node.lineno}"
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Call)
            and dotted(node.func) in {"time.sleep", "asyncio.sleep"}
            and not (
                node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
            )
        ]
    assert not found, found


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "HACK"])
def test_nothing_is_left_for_later_in_code(word: str) -> None:
    found = [
        name(path)
        for path in [*sources(), *suite_files()]
        if path != Path(__file__) and re.search(rf"\b{word}\b", path.read_text(encoding="utf-8"))
    ]
    assert not found, f"finish it, or write it into docs/weaknesses.md: {found}"


def test_every_module_is_reached() -> None:
    imported: set[str] = set()
    texts = []
    for path in [*sources(), *suite_files()]:
        text = path.read_text(encoding="utf-8")
        texts.append(text)
        package = path.relative_to(ROOT).with_suffix("").parts[:-1]
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
                module = ".".join(part for part in (base, node.module or "") if part)
                imported.add(module)
                imported |= {f"{module}.{alias.name}" for alias in node.names}
    whole = "\n".join(texts)
    lost = []
    for path in sources():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if path.name in {"__init__.py", "__main__.py"} or module in imported:
            continue
        if module not in whole:  # lazy imports name their module in a string
            lost.append(module)
    assert not lost, f"delete what nobody imports: {lost}"


def test_every_journal_entry_is_in_the_glossary() -> None:
    tree = ast.parse((ROOT / "ledger/model/entries.py").read_text(encoding="utf-8"))
    entries = [
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    missing = [entry for entry in entries if f"`{entry}`" not in glossary]
    assert entries
    assert not missing, f"explain in docs/glossary.md: {missing}"


def test_documents_link_to_files_that_exist() -> None:
    broken = []
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)\)", path.read_text(encoding="utf-8")):
            if "://" not in target and not (path.parent / target).exists():
                broken.append(f"{name(path)} -> {target}")
    assert not broken, broken


def test_no_secret_and_no_machine_path_is_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    pattern = re.compile(r"/work/|/root/|/home/\w+/|BEGIN [A-Z ]*PRIVATE KEY")
    found = []
    for line in listed.stdout.splitlines():
        path = ROOT / line
        if path == Path(__file__) or not path.is_file() or path.suffix in {".png", ".svg"}:
            continue
        if pattern.search(path.read_text(encoding="utf-8", errors="replace")):
            found.append(line)
    assert not found, found
