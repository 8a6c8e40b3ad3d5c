"""scikit-learn's own battery on every estimator of the package; exemptions have names."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from sklearn_ser.augmentation import AugmentedClassifier, NoiseAugmenter
from sklearn_ser.embedding import EmotionEmbeddingTransformer
from sklearn_ser.encoders import Wav2Vec2Transformer
from sklearn_ser.features import FrameFeaturesTransformer, MFCCTransformer
from sklearn_ser.sequence import SequenceFlattener
from sklearn_ser.utils import all_estimators

# Checks that an estimator is expected to fail, by name and with the reason.
STEPS_ARE_COUNTED = {
    "check_sample_weight_equivalence_on_dense_data": "a clip of weight 2 is met once a pass, two "
    "equal clips twice: training in random batches takes other steps, and ends elsewhere",
}
EXPECTED_FAILURES: dict[str, dict[str, str]] = {
    "CNN1DClassifier": STEPS_ARE_COUNTED,
    "CNN2DClassifier": STEPS_ARE_COUNTED,
    "CRNNClassifier": STEPS_ARE_COUNTED,
    "DenseClassifier": STEPS_ARE_COUNTED,
    "LayerWeightedClassifier": STEPS_ARE_COUNTED,
}

# Networks of a size that a battery of some 150 fits can train.
SMALL: dict[str, dict[str, Any]] = {
    "CNN1DClassifier": {"filters": (16, 16), "epochs": 25},
    # Its normalised dense layer follows class weights of ten million to one in more passes only.
    "CNN2DClassifier": {"dense_batch_norm": False, "filters": (8, 16), "epochs": 25},
    "CRNNClassifier": {
        "filters": (8, 8),
        "pool_size": 2,
        "recurrent_units": 8,
        "epochs": 40,
        "learning_rate": 0.005,
        "ema_momentum": 0.9,
    },
    "DenseClassifier": {"hidden_units": (64,), "epochs": 25},
    "LayerWeightedClassifier": {"hidden_units": (64,), "epochs": 25},
}

# The battery's rows of two to thirty numbers are clips of as many samples here.
SMALL["AugmentedClassifier"] = {
    "estimator": make_pipeline(
        FunctionTransformer(np.asarray, kw_args={"dtype": np.float64}),
        LogisticRegression(tol=1e-10, max_iter=10_000),
    ),
    "augmenter": NoiseAugmenter(snr_db=30.0),
}

# Made of estimators, not for the battery: scikit-learn tests Pipeline through its own parts.
COMPOSED = {"SpeechPipeline"}

# Have tests of their own below: they need a model on disk.
PRETRAINED = {"EmotionEmbeddingTransformer", "Wav2Vec2Transformer"}

# Has a battery of its own, tests/speakers/test_battery.py: it wants to know who speaks, and the
# arrays of scikit-learn's have no speakers.
OF_SPEAKERS = {"SpeakerStandardizer"}

FEWEST_CHECKS = 30

# A minute each; the dense network stands for the adapter that they share.
SLOW = {"CNN1DClassifier", "CNN2DClassifier", "CRNNClassifier", "LayerWeightedClassifier"}

ESTIMATORS = [
    *(
        pytest.param(cls(**SMALL.get(name, {})), marks=[pytest.mark.slow] * (name in SLOW))
        for name, cls in all_estimators()
        if name not in COMPOSED | PRETRAINED | OF_SPEAKERS
    ),
    MFCCTransformer(pooling="mean_std"),
    FrameFeaturesTransformer(("zcr", "rms", "mel", "mfcc"), deltas=2, pooling=("slope", "p05")),
    SequenceFlattener(order="frame"),
    AugmentedClassifier(
        **SMALL["AugmentedClassifier"], n_copies=2, include_original=False, test_time=1, n_jobs=1
    ),
]


@pytest.mark.filterwarnings("ignore:.*:sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_every_check_passes(estimator) -> None:
    assert_every_check_passes(estimator)


@pytest.mark.filterwarnings("ignore:.*:sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("options", [{}, {"pooling": "mean_std", "layer": 2}], ids=repr)
def test_every_check_passes_with_a_pretrained_encoder(options, tiny_encoder) -> None:
    assert_every_check_passes(Wav2Vec2Transformer(tiny_encoder("wav2vec2"), **options))


@pytest.mark.filterwarnings("ignore:.*:sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize(
    "options",
    [{}, {"layer": ("stage2", "pooling"), "pooling": "mean"}, {"pooling": None}],
    ids=repr,
)
def test_every_check_passes_with_a_voice_encoder(options, voice_encoder) -> None:
    assert_every_check_passes(EmotionEmbeddingTransformer(weights=voice_encoder, **options))


def assert_every_check_passes(estimator) -> None:
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
        "AugmentedClassifier",
        "EmotionEmbeddingTransformer",
        "FrameFeaturesTransformer",
        "MFCCTransformer",
        "MelSpectrogramTransformer",
        "RMSEnergyTransformer",
        "SequenceFlattener",
        "SequenceScaler",
        "SpeakerStandardizer",
        "SpeechPipeline",
        "Wav2Vec2Transformer",
        "WaveformCropper",
        "ZeroCrossingRateTransformer",
    }
