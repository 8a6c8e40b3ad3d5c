"""Recordings with labels: public corpora, your own clips, and a synthetic corpus."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn_ser.datasets._clips_table import load_clips
    from sklearn_ser.datasets._combined import load_corpora
    from sklearn_ser.datasets._crema_d import load_crema_d
    from sklearn_ser.datasets._fetch import fetch_crema_d, fetch_ravdess, fetch_savee, fetch_tess
    from sklearn_ser.datasets._home import get_data_home
    from sklearn_ser.datasets._ravdess import load_ravdess
    from sklearn_ser.datasets._savee import load_savee
    from sklearn_ser.datasets._synthetic import make_emotional_speech
    from sklearn_ser.datasets._tess import load_tess

__all__ = [
    "fetch_crema_d",
    "fetch_ravdess",
    "fetch_savee",
    "fetch_tess",
    "get_data_home",
    "load_clips",
    "load_corpora",
    "load_crema_d",
    "load_ravdess",
    "load_savee",
    "load_tess",
    "make_emotional_speech",
]

# Each loader is imported when it is asked for, so that nobody pays for the others.
_HOMES = {
    "fetch_crema_d": "_fetch",
    "fetch_ravdess": "_fetch",
    "fetch_savee": "_fetch",
    "fetch_tess": "_fetch",
    "get_data_home": "_home",
    "load_clips": "_clips_table",
    "load_corpora": "_combined",
    "load_crema_d": "_crema_d",
    "load_ravdess": "_ravdess",
    "load_savee": "_savee",
    "load_tess": "_tess",
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
