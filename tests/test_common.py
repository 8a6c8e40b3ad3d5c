"""scikit-learn's own battery on every estimator of the package, without exemption."""

from __future__ import annotations

from collections import Counter

import pytest
from sklearn.utils.estimator_checks import check_estimator

from sklearn_ser.features import FrameFeaturesTransformer, MFCCTransformer
from sklearn_ser.sequence import SequenceFlattener
from sklearn_ser.utils import all_estimators

# Checks that an estimator is expected to fail, by name and with the reason.
EXPECTED_FAILURES: dict[str, dict[str, str]] = {}

# Made of estimators, not for the battery: scikit-learn tests Pipeline through its own parts.
COMPOSED = {"SpeechPipeline"}

FEWEST_CHECKS = 30

ESTIMATORS = [
    *(cls() for name, cls in all_estimators() if name not in COMPOSED),
    MFCCTransformer(pooling="mean_std"),
    FrameFeaturesTransformer(("zcr", "rms", "mel", "mfcc"), deltas=2, pooling=("slope", "p05")),
    SequenceFlattener(order="frame"),
]


@pytest.mark.filterwarnings("ignore:.*:sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_every_check_passes(estimator) -> None:
    expected = EXPECTED_FAILURES.get(type(estimator).__name__, {})
    results = check_estimator(estimator, expected_failed_checks=expected, on_fail=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed == {}
    counts = Counter(result["status"] for result in results)
    assert counts["passed"] >= FEWEST_CHECKS
    assert counts["xfail"] == len(expected)


def test_all_estimators_were_found() -> None:
    found = {name for name, _ in all_estimators()}
    assert found >= {
        "AudioLoader",
        "FrameFeaturesTransformer",
        "MFCCTransformer",
        "MelSpectrogramTransformer",
        "RMSEnergyTransformer",
        "SequenceFlattener",
        "SequenceScaler",
        "SpeechPipeline",
        "WaveformCropper",
        "ZeroCrossingRateTransformer",
    }
