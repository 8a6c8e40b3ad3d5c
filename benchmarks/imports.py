"""What importing the package costs, in fresh processes.

Run with ``python -m benchmarks.imports [--repeats 7] [--write]``. The package is to cost less than
``import sklearn`` plus 0.3 s, and to load neither TensorFlow, torch nor matplotlib.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

from benchmarks._report import environment, table, write_section

COMMAND = "python -m benchmarks.imports"
STATEMENTS = (
    "import sklearn",
    "import sklearn_ser",
    "from sklearn_ser import AudioClips",
    "from sklearn_ser import make_ser_pipeline",
    "import sklearn_ser.datasets, sklearn_ser.metrics, sklearn_ser.model_selection",
)
HEAVY = ("tensorflow", "torch", "matplotlib", "librosa")
PROBE = """
import sys, time
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
print(seconds, ",".join(name for name in {heavy!r} if name in sys.modules))
"""


def probe(statement: str) -> tuple[float, str]:
    """Seconds that ``statement`` takes in a fresh process, and the heavy packages it loads."""
    code = PROBE.format(statement=statement, heavy=HEAVY)
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, _, loaded = result.stdout.strip().partition(" ")
    return float(seconds), loaded


def row(statement: str, repeats: int) -> tuple[str, ...]:
    """One line of the table; the first process only warms the disk's cache."""
    probe(statement)
    times, loaded = zip(*(probe(statement) for _ in range(repeats)), strict=True)
    figures = (f"{statistics.median(times):.3f}", f"{min(times):.3f}")
    return (f"`{statement}`", *figures, loaded[0] or "none")


def report(repeats: int) -> str:
    header = ("statement", "median, s", "fastest, s", f"loads of {', '.join(HEAVY)}")
    rows = [row(statement, repeats) for statement in STATEMENTS]
    return f"{table(header, rows)}\n\n{repeats} processes each. {environment('scikit-learn')}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--write", action="store_true", help="keep the table in RESULTS.md")
    arguments = parser.parse_args()
    text = report(arguments.repeats)
    print(text)
    if arguments.write:
        write_section(COMMAND, text)


if __name__ == "__main__":
    main()
