"""What the recipes share: the order of the steps, and how parameters reach them."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

from sklearn_ser.audio import AudioLoader
from sklearn_ser.augmentation import AugmentedClassifier, RandomChoiceAugmenter
from sklearn_ser.pipeline import SpeechPipeline, make_ser_pipeline

__all__ = ["STOPPING", "assemble", "augmented", "crnn_on", "frames_in"]

# For networks without dropout, whose authors do not say how long they trained: left alone they
# learn their clips by heart, so they stop by the loss of a tenth of them, of speakers apart.
STOPPING = {"early_stopping": True, "validation_fraction": 0.1, "n_iter_no_change": 5}


def assemble(
    *between: tuple[str, BaseEstimator],
    features: BaseEstimator,
    classifier: BaseEstimator,
    duration: float | None,
    sample_rate: int,
    memory: Any,
    n_jobs: int | None,
    verbose: int,
) -> SpeechPipeline:
    """Make the pipeline: loader, features, what stands between, classifier.

    Every clip is cut after ``duration`` seconds by the loader. The extractor pads shorter ones.
    """
    features.set_params(sample_rate=sample_rate, memory=memory, n_jobs=n_jobs, verbose=verbose)
    classifier.set_params(verbose=verbose)
    loader = AudioLoader(sample_rate=sample_rate, duration=duration)
    steps = [("loader", loader), ("features", features), *between, ("classifier", classifier)]
    return SpeechPipeline(steps)


def augmented(
    pipeline: SpeechPipeline,
    *effects: BaseEstimator,
    n_copies: int,
    random_state: int | None,
) -> SpeechPipeline:
    """Augment all of a pipeline that comes after its loader, each copy by one of the effects.

    The loader stays outside, so that paths still go in, and clips are cut before they are changed.
    """
    loader, *others = pipeline.steps
    classifier = AugmentedClassifier(
        SpeechPipeline(others),
        RandomChoiceAugmenter(list(effects)),
        sample_rate=loader[1].sample_rate,
        n_copies=n_copies,
        random_state=random_state,
    )
    return SpeechPipeline([loader, ("classifier", classifier)])


def crnn_on(features: str, *, epochs: int, verbose: int, **options: Any) -> SpeechPipeline:
    """Make our own network on named features; the options are make_ser_pipeline's."""
    return make_ser_pipeline(features, "crnn", **options).set_params(
        features__verbose=verbose, classifier__verbose=verbose, classifier__epochs=epochs
    )


def frames_in(seconds: float, sample_rate: int, hop_length: int) -> int:
    """Count the centred frames of a clip of so many seconds."""
    return 1 + int(seconds * sample_rate) // hop_length
