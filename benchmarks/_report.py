"""Tables as Markdown, and the one place where they are kept: RESULTS.md."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
TITLE = "# Measured\n\nWritten by the scripts beside this file (`--write`); not edited by hand.\n"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Format a Markdown table; numbers are to be given as they shall look."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def environment(*packages: str) -> str:
    """Say in one line what the figures were taken with."""
    versions = [f"{name} {version(name)}" for name in packages]
    system = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return ", ".join([system, f"{os.cpu_count()} CPUs", *versions])


def write_section(command: str, text: str, *, path: Path = RESULTS) -> None:
    """Put ``text`` under the heading of ``command``, in place of what stood there.

    Sections are ordered by their command, so that the file does not depend on who ran first.
    """
    sections = _sections(path.read_text(encoding="utf-8")) if path.exists() else {}
    today = datetime.date.today().isoformat()
    sections[command] = f"Taken on {today}.\n\n{text.strip()}\n"
    body = "".join(f"\n## `{name}`\n\n{sections[name]}" for name in sorted(sections))
    path.write_text(TITLE + body, encoding="utf-8")


def _sections(text: str) -> dict[str, str]:
    """Cut the file at its headings: what stands below each, by command."""
    parts = text.split("\n## `")[1:]
    pairs = (part.split("`\n", maxsplit=1) for part in parts)
    return {name: body.strip() + "\n" for name, body in pairs}
