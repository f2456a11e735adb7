"""Coverage-guided runs over the decoders: ``python -m tests.fuzz.guided --minutes 2``.

Each decoder of ``decoders`` gets a process of its own and an equal share of the time, begins with
what the sandboxes really answer, and leaves the input it fails on in a file. Needs atheris
(``requirements/fuzz.txt``), which exists for Linux on x86-64 and CPython 3.11 to 3.13.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.answers import Recording

Target = Callable[[bytes], object]
FOLDER = Path(".hypothesis") / "guided"
"""Where inputs are kept between runs."""
DECODING = [
    *("daemon.connectors", "daemon.config", "daemon.webhooks", "ledger.model"),
    *("daemon.control.filters", "daemon.control.understanding"),
]
"""Packages whose branches guide; to watch a package makes its import slow."""
LONGEST = 8_192
"""Bytes of an input: small ones say more, and are tried more often."""


def seeds_of(recording: "Recording") -> dict[str, Iterable[bytes]]:
    """Real answers for each target."""
    from tests.fuzz import test_logins, test_qbo_answers

    return {
        "dear-page": recording.dear_pages.values(),
        "dear-detail": [body for found in recording.dear_details.values() for body in found],
        "dear-answer": [recording.dear_me],
        "qbo-object": [row for kind in recording.qbo_pages for row in recording.qbo_rows(kind)],
        "qbo-answer": [test_qbo_answers.FAULT, test_qbo_answers.XML, recording.qbo_changes],
        "grant": [test_logins.GRANT],
        "config": config_samples(),
        "filter": [b"kind:bill -class:held amount>100 age>2d"],
        "notice": [recording.qbo_changes],
        "body": [],
    }


def config_samples() -> list[bytes]:
    """Configurations that load."""
    folder = Path(__file__).parents[1] / "daemon/config/files/good"
    return [path.read_bytes() for path in sorted(folder.glob("*.yaml"))]


def targets() -> dict[str, Target]:
    """What is tried; imported late, so that every branch of it is seen."""
    reaching = import_module("tests.fuzz.reaching")
    found: dict[str, Target] = reaching.TARGETS
    return found


def sow(folder: Path) -> None:
    """Put the real answers where each target begins."""
    from tests.fuzz.answers import record
    from tests.fuzz.wires import wired

    async def recorded() -> "Recording":
        with tempfile.TemporaryDirectory() as place:
            async with wired(Path(place)) as wires:
                return await record(wires)

    for name, seeds in seeds_of(asyncio.run(recorded())).items():
        corpus = folder / name
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds):
            (corpus / f"seed-{number}").write_bytes(seed)


def run_one(name: str, options: list[str]) -> None:
    """Never returns: libFuzzer ends the process."""
    atheris = import_module("atheris")
    with atheris.instrument_imports(include=DECODING):
        target = targets()[name]
    atheris.Setup([name, *options], target)
    atheris.Fuzz()


def run_all(minutes: float) -> int:
    """How many of the targets failed."""
    sow(FOLDER)
    names = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
    failed = 0
    for name in names:
        seconds = max(1, round(minutes * 60 / len(names)))
        options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-print_final_stats=1"]
        place = FOLDER / name
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "tests.fuzz.guided", "--target", name, "--"),
                *(*options, f"-artifact_prefix={FOLDER}/{name}-", str(place)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        said = [line for line in ended.stderr.splitlines() if "stat::number_of_exec" in line]
        runs = said[0].rsplit(maxsplit=1)[-1] if said else "?"
        print_line(
            f"{name}: {runs} inputs in {seconds} s, {'FAILED' if ended.returncode else 'ok'}"
        )
        if ended.returncode:
            failed += 1
            print_line(ended.stdout[-2_000:] + ended.stderr[-4_000:])
            print_line(f"again: python -m tests.fuzz.guided --target {name} -- {FOLDER}/{name}-...")
    return failed


def print_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="for all targets together")
    parser.add_argument("--target", default="", help="one of them, with options of libFuzzer")
    parser.add_argument("options", nargs="*")
    asked = parser.parse_args()
    if find_spec("atheris") is None:
        print_line("no coverage-guided part: atheris is not installed (requirements/fuzz.txt)")
        return 0
    if asked.target:
        run_one(asked.target, asked.options)
    return run_all(asked.minutes)


if __name__ == "__main__":
    sys.exit(main())
