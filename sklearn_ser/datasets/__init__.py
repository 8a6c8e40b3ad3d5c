"""Recordings with labels: public corpora, your own clips, and a synthetic corpus."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn_ser.datasets._clips_table import load_clips
    from sklearn_ser.datasets._ravdess import load_ravdess
    from sklearn_ser.datasets._synthetic import make_emotional_speech

__all__ = ["load_clips", "load_ravdess", "make_emotional_speech"]

# Each loader is imported when it is asked for, so that nobody pays for the others.
_HOMES = {
    "load_clips": "_clips_table",
    "load_ravdess": "_ravdess",
    "make_emotional_speech": "_synthetic",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    loader = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = loader
    return loader


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
