"""The extractors and classifiers that pipelines know by name, and what to tune of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sklearn_ser.audio import SilenceTrimmer
from sklearn_ser.embedding import EmotionEmbeddingTransformer
from sklearn_ser.encoders import Wav2Vec2Transformer
from sklearn_ser.features import (
    FrameFeaturesTransformer,
    MelSpectrogramTransformer,
    MFCCTransformer,
)
from sklearn_ser.neural_network import (
    CNN1DClassifier,
    CNN2DClassifier,
    CRNNClassifier,
    DenseClassifier,
)
from sklearn_ser.sequence import SequenceScaler
from sklearn_ser.speakers import SpeakerStandardizer
from sklearn_ser.voice import SpeechFunctionalsTransformer

__all__ = [
    "CLASSIFIERS",
    "FEATURE_GRIDS",
    "GRIDS",
    "SEQUENCES",
    "STANDARDIZERS",
    "TABLES",
    "scaling_after",
    "takes_sequences",
    "trimming",
]

# Where scaled features are cut; 3 and 5 did as well as no cut, robust and quantile scaling worse.
_MOST_DEVIATIONS = 3.0

# The statistics, top_db and the classifiers' starting values were chosen among 31 sets of
# features and 28 classifiers by the mean score of inner folds, grouped by speaker, on RAVDESS.
_STATISTICS = ("mean", "std", "skew", "slope", "p05", "p25", "median", "p75", "p95", "iqr")

# Sequences for networks: 3 seconds after trimming, which all but the slowest of clips have.
_N_FRAMES = 150
_SILENT_BELOW_DB = 40.0

# Of the twelve of a base-sized encoder: published comparisons find emotion in the middle ones, and
# where nothing is cached, half of the layers take two thirds of the time.
_MIDDLE_LAYER = 6


def _mfcc() -> BaseEstimator:
    return MFCCTransformer(n_mfcc=20, top_db=50.0, deltas=1, pooling=_STATISTICS)


def _mel() -> BaseEstimator:
    return MelSpectrogramTransformer(n_mels=40, deltas=1, pooling=_STATISTICS)


def _frames() -> BaseEstimator:
    return FrameFeaturesTransformer(
        ("zcr", "rms", "mfcc", "mel"), n_mels=40, deltas=1, pooling=_STATISTICS
    )


def _functionals() -> BaseEstimator:
    # UAR in % of inner folds, without and with the noise of each clip taken out: RAVDESS 58.2 and
    # 58.6, CREMA-D 56.2 and 57.6; no other way of normalising gained on both.
    return SpeechFunctionalsTransformer(normalize="noise")


def _egemaps_like() -> BaseEstimator:
    return SpeechFunctionalsTransformer("eGeMAPS-like")


def _embedding() -> BaseEstimator:
    return EmotionEmbeddingTransformer()


def _functionals_and_embedding() -> BaseEstimator:
    parts = [("functionals", _functionals()), ("embedding", _embedding())]
    return FeatureUnion(parts, verbose_feature_names_out=False)


def _wav2vec2() -> BaseEstimator:
    return Wav2Vec2Transformer(layer=_MIDDLE_LAYER, pooling="mean")


def _mel_sequence(sample_rate: int) -> BaseEstimator:
    return MelSpectrogramTransformer(n_mels=64, n_frames=_N_FRAMES, **_frames_of(sample_rate))


def _mfcc_sequence(sample_rate: int) -> BaseEstimator:
    return MFCCTransformer(n_mfcc=20, deltas=1, n_frames=_N_FRAMES, **_frames_of(sample_rate))


def _frames_sequence(sample_rate: int) -> BaseEstimator:
    return FrameFeaturesTransformer(
        ("zcr", "rms", "mfcc", "mel"), n_frames=_N_FRAMES, **_frames_of(sample_rate)
    )


def _wav2vec2_sequence(sample_rate: int) -> BaseEstimator:
    return Wav2Vec2Transformer(layer=_MIDDLE_LAYER, pooling=None, n_frames=_N_FRAMES)


def _frames_of(sample_rate: int) -> dict[str, Any]:
    """Take windows of 40 ms every 20 ms: as good for networks as 10 ms, at half the cost."""
    hop = max(round(0.02 * sample_rate), 1)
    return {"hop_length": hop, "win_length": 2 * hop, "n_fft": 2 ** math.ceil(math.log2(2 * hop))}


TABLES: dict[str, Callable[[], BaseEstimator]] = {
    "mfcc": _mfcc,
    "frames": _frames,
    "mel": _mel,
    "functionals": _functionals,
    "egemaps_like": _egemaps_like,
    "embedding": _embedding,
    "functionals+embedding": _functionals_and_embedding,
    "wav2vec2": _wav2vec2,
}


def _svm(seed: int | None) -> BaseEstimator:
    # SVC's own way with many classes, one against one, leaves decision values that are votes:
    # calibrated, they tell right answers from wrong ones hardly better than chance (AUROC .53 on
    # RAVDESS; one against the rest .70).
    machine = SVC(C=3.0, class_weight="balanced", random_state=seed)
    return OneVsRestClassifier(machine)


SEQUENCES: dict[str, Callable[[int], BaseEstimator]] = {
    "mfcc": _mfcc_sequence,
    "frames": _frames_sequence,
    "mel": _mel_sequence,
    "wav2vec2": _wav2vec2_sequence,
}
CLASSIFIERS: dict[str, Callable[[int | None], BaseEstimator]] = {
    "svm": _svm,
    "logreg": lambda seed: LogisticRegression(
        C=0.003, class_weight="balanced", max_iter=2000, random_state=seed
    ),
    "forest": lambda seed: ExtraTreesClassifier(
        n_estimators=300, class_weight="balanced", random_state=seed
    ),
    "dense": lambda seed: DenseClassifier(random_state=seed),
    "cnn1d": lambda seed: CNN1DClassifier(random_state=seed),
    "cnn2d": lambda seed: CNN2DClassifier(random_state=seed),
    "crnn": lambda seed: CRNNClassifier(random_state=seed),
}
STANDARDIZERS: dict[str, Callable[[BaseEstimator], BaseEstimator]] = {
    "speaker": SpeakerStandardizer
}
FEATURE_GRIDS: dict[str, Mapping[str, list[Any]]] = {
    "wav2vec2": {"features__layer": [_MIDDLE_LAYER, 9, 12]},  # a cache keeps all of one pass
    # A wide kernel for many columns.
    "functionals": {"classifier__estimator__gamma": ["scale", 0.0001]},
    "embedding": {"classifier__estimator__gamma": ["scale", 0.0001]},
    "functionals+embedding": {"classifier__estimator__gamma": ["scale", 0.0001]},
}
GRIDS: dict[str, Mapping[str, list[Any]]] = {
    "svm": {
        "classifier__estimator__C": [3.0, 10.0],
        "classifier__estimator__gamma": ["scale", 0.0003],
    },
    "logreg": {"classifier__C": [0.001, 0.003, 0.01, 0.03]},
    "forest": {"classifier__min_samples_leaf": [1, 3]},
    # One candidate each: a fit takes minutes, and a search would take three for each more.
    "dense": {},
    "cnn1d": {},
    "cnn2d": {},
    "crnn": {},
}


def scaling_after(extractor: BaseEstimator) -> list[tuple[str, BaseEstimator]]:
    """Return the steps between an extractor and its classifier."""
    if getattr(extractor, "pooling", "table") is None:
        return [("scaler", SequenceScaler())]
    # A recording from another room has a quiet level a thousand deviations off; uncut, that one
    # feature decides, and every such clip gets the same answer.
    limits = {"a_min": -_MOST_DEVIATIONS, "a_max": _MOST_DEVIATIONS}
    clipper = FunctionTransformer(np.clip, kw_args=limits, feature_names_out="one-to-one")
    return [("scaler", StandardScaler()), ("clipper", clipper)]


def takes_sequences(classifier: BaseEstimator) -> bool:
    """Tell whether a classifier looks at frames one after the other."""
    return isinstance(classifier, CNN1DClassifier | CNN2DClassifier | CRNNClassifier)


def trimming() -> list[tuple[str, BaseEstimator]]:
    """Return the step before the sequences of a network.

    Silence at the ends is worth twelve points of UAR to a network on RAVDESS' unseen voices.
    """
    return [("trimmer", SilenceTrimmer(top_db=_SILENT_BELOW_DB))]
