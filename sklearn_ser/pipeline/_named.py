"""Make pipelines from names."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from sklearn.base import BaseEstimator, clone

from sklearn_ser.audio import AudioLoader
from sklearn_ser.pipeline._parts import (
    CLASSIFIERS,
    FEATURE_GRIDS,
    GRIDS,
    SEQUENCES,
    TABLES,
    scaling_after,
    takes_sequences,
    trimming,
)
from sklearn_ser.pipeline._speech import SpeechPipeline
from sklearn_ser.utils._names import did_you_mean

__all__ = ["make_ser_pipeline", "parameter_grid", "pipeline_names"]


def make_ser_pipeline(
    features: str | BaseEstimator = "mfcc",
    classifier: str | BaseEstimator = "svm",
    *,
    sample_rate: int = 16000,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
) -> SpeechPipeline:
    """Make an unfitted pipeline from speech to emotion.

    Its steps are ``loader`` (so that it takes paths as well as waveforms), ``features``,
    ``scaler``, for tables of features ``clipper`` (values beyond three standard deviations are
    cut, so that a strange room cannot decide), and ``classifier``. Networks that look at frames
    one after the other have a ``trimmer`` before named features, and no ``clipper``.

    Parameters
    ----------
    features : {"mfcc", "frames", "mel", "wav2vec2"} or transformer, default="mfcc"
        Statistics over time, and of the derivatives, of: "mfcc", 20 cepstral coefficients;
        "mel", 40 log-mel bands; "frames", both of these, zero-crossing rate and energy. For
        networks along the frames: sequences of 150 frames, 20 ms apart, of 20 coefficients and
        their derivatives, of 64 bands, or of all these without derivatives. "wav2vec2" is the
        sixth layer of the pretrained encoder of that name (the extra ``wav2vec2``): its mean over
        time, or its frames. A transformer is cloned; one without ``pooling`` gives sequences,
        which are scaled as such.
    classifier : {"svm", "logreg", "forest", "dense", "cnn1d", "cnn2d", "crnn"} or classifier, \
            default="svm"
        A support vector machine (radial kernel, one class against the rest), logistic
        regression, extremely randomised trees, all with balanced class weights; the networks
        of :mod:`sklearn_ser.neural_network` (the extra ``keras``); or any classifier, which is
        cloned.
    sample_rate : int, default=16000
        Set in every step that has the parameter, in Hz.
    memory : str, path or joblib.Memory, default=None
        Where the extractor keeps every clip's features.
    n_jobs : int, default=None
        Processes of the extractor.
    random_state : int, default=None
        Seed of a classifier that was named.

    Returns
    -------
    pipeline : SpeechPipeline
        Unfitted.

    Raises
    ------
    ValueError
        A name is not known; the message says which are, and which was meant.

    Examples
    --------
    >>> from sklearn_ser import make_ser_pipeline
    >>> list(make_ser_pipeline("mfcc", "logreg", sample_rate=22050).named_steps)
    ['loader', 'features', 'scaler', 'clipper', 'classifier']
    """
    chosen = _chosen(classifier, CLASSIFIERS, "classifier", random_state)
    if takes_sequences(chosen) and isinstance(features, str):
        extractor = _chosen(features, SEQUENCES, "features", sample_rate)
        before = trimming()
    else:
        extractor, before = _chosen(features, TABLES, "features"), []
    _set_where_known(extractor, memory=memory, n_jobs=n_jobs)
    steps = [*before, ("features", extractor), *scaling_after(extractor), ("classifier", chosen)]
    pipeline = SpeechPipeline([("loader", AudioLoader()), *steps])
    rates = {name: sample_rate for name in pipeline.get_params() if _names_a_rate(name)}
    return pipeline.set_params(**rates)


def pipeline_names() -> list[str]:
    """List the pipelines that are known by name, "<features>-<classifier>".

    Returns
    -------
    names : list of str
        Every pair that :func:`make_ser_pipeline` knows.

    Examples
    --------
    >>> from sklearn_ser.pipeline import pipeline_names
    >>> pipeline_names()[:2]
    ['mfcc-svm', 'mfcc-logreg']
    """
    return [f"{f}-{c}" for f, c in itertools.product(TABLES, CLASSIFIERS)]


def parameter_grid(features: str = "mfcc", classifier: str = "svm") -> dict[str, list[Any]]:
    """Return a small grid to tune a named pipeline over.

    Parameters
    ----------
    features, classifier : str
        Names that :func:`make_ser_pipeline` knows.

    Returns
    -------
    grid : dict of str to list
        For scikit-learn's ``GridSearchCV``.

    Examples
    --------
    >>> from sklearn_ser.pipeline import parameter_grid
    >>> parameter_grid("mfcc", "logreg")
    {'classifier__C': [0.001, 0.003, 0.01, 0.03]}
    """
    _check_name(features, TABLES, "features")
    _check_name(classifier, CLASSIFIERS, "classifier")
    grid = GRIDS[classifier]
    if grid:
        grid = {**FEATURE_GRIDS.get(features, {}), **grid}
    return {name: list(values) for name, values in grid.items()}


def _chosen(choice: Any, makers: Mapping[str, Callable[..., Any]], kind: str, *args: Any) -> Any:
    if not isinstance(choice, str):
        return clone(choice)
    _check_name(choice, makers, kind)
    return makers[choice](*args)


def _check_name(name: str, makers: Mapping[str, Any], kind: str) -> None:
    if name not in makers:
        hint = did_you_mean(name, makers)
        raise ValueError(f"{kind}={name!r} is not known.{hint} Choose among {list(makers)}.")


def _set_where_known(estimator: BaseEstimator, **values: Any) -> None:
    known = estimator.get_params(deep=False)
    given = {k: v for k, v in values.items() if v is not None and k in known}
    estimator.set_params(**given)


def _names_a_rate(parameter: str) -> bool:
    return parameter.rpartition("__")[2] == "sample_rate"
