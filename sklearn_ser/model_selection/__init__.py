"""Splitting by speaker, honest benchmarks, and the final model."""

from __future__ import annotations

from sklearn_ser.model_selection._benchmark import benchmark
from sklearn_ser.model_selection._final import FinalFit, fit_final
from sklearn_ser.model_selection._result import BenchmarkResult
from sklearn_ser.model_selection._split import SpeakerKFold

__all__ = [
    "BenchmarkResult",
    "FinalFit",
    "SpeakerKFold",
    "benchmark",
    "fit_final",
]
