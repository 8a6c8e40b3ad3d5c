"""Splitting by speaker, honest benchmarks, and the final model."""

from __future__ import annotations

from sklearn_ser.model_selection._benchmark import benchmark
from sklearn_ser.model_selection._enrollment import EnrollmentCurve, enrollment_curve
from sklearn_ser.model_selection._final import FinalFit, fit_final
from sklearn_ser.model_selection._importance import feature_importance_report
from sklearn_ser.model_selection._protocols import (
    Protocol,
    default_protocols,
    get_protocol,
    protocol_names,
)
from sklearn_ser.model_selection._result import BenchmarkResult
from sklearn_ser.model_selection._sentence_splits import MetadataKFold, SpeakerSentenceSplit
from sklearn_ser.model_selection._speaker_splits import LeaveOneSpeakerOut, PredefinedSpeakerFolds
from sklearn_ser.model_selection._split import SpeakerKFold

__all__ = [
    "BenchmarkResult",
    "EnrollmentCurve",
    "FinalFit",
    "LeaveOneSpeakerOut",
    "MetadataKFold",
    "PredefinedSpeakerFolds",
    "Protocol",
    "SpeakerKFold",
    "SpeakerSentenceSplit",
    "benchmark",
    "default_protocols",
    "enrollment_curve",
    "feature_importance_report",
    "fit_final",
    "get_protocol",
    "protocol_names",
]
