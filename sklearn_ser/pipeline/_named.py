"""Make pipelines from names."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import FeatureUnion

from sklearn_ser.audio import AudioLoader
from sklearn_ser.pipeline._families import (
    MEMBERS,
    MIXED,
    MIXER_GRIDS,
    MIXERS,
    families_of,
    mix,
)
from sklearn_ser.pipeline._parts import (
    CLASSIFIERS,
    FEATURE_GRIDS,
    GRIDS,
    SEQUENCES,
    STANDARDIZERS,
    TABLES,
    scaling_after,
    takes_sequences,
    trimming,
)
from sklearn_ser.pipeline._speech import SpeechPipeline
from sklearn_ser.utils._names import did_you_mean

__all__ = ["make_ser_pipeline", "parameter_grid", "pipeline_names"]

_BY_SPEAKER = "@speaker"
_MIXED_NAMES = {"features": (MIXED,), "classifier": tuple(MIXERS)}


def make_ser_pipeline(
    features: str | BaseEstimator | Sequence[str | BaseEstimator] = "mfcc",
    classifier: str | BaseEstimator = "svm",
    *,
    standardize: str | None = None,
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
    features : {"mfcc", "frames", "mel", "functionals", "egemaps_like", "embedding", \
            "functionals+embedding", "wav2vec2", "families"}, transformer, or tuple of these, \
            default="mfcc"
        Statistics over time, and of the derivatives, of: "mfcc", 20 cepstral coefficients;
        "mel", 40 log-mel bands; "frames", both of these, zero-crossing rate and energy.
        "functionals" and "egemaps_like" are the full set (of clips without their noise) and the
        small one of :class:`~sklearn_ser.SpeechFunctionalsTransformer`. "embedding" is what the
        voice encoder of this package hears
        (:class:`~sklearn_ser.EmotionEmbeddingTransformer`, all its layers), and
        "functionals+embedding" both in one table, side by side. For networks along the frames:
        sequences of 150 frames, 20 ms apart, of 20 coefficients and their derivatives, of 64
        bands, or of all these without derivatives. "wav2vec2" is the sixth layer of the
        pretrained encoder of that name (the extra ``wav2vec2``): its mean over time, or its
        frames. A transformer is cloned; one without ``pooling`` gives sequences,
        which are scaled as such. Several in a tuple or list are families that "voting" or
        "stacking" mixes; "families" stands for ``("functionals", "mel", "mfcc")``, the voice as a
        whole, the spectrum and the cepstrum.
    classifier : {"svm", "logreg", "forest", "dense", "cnn1d", "cnn2d", "crnn", "voting", \
            "stacking"} or classifier, default="svm"
        A support vector machine (radial kernel, one class against the rest), logistic
        regression, extremely randomised trees, all with balanced class weights; the networks
        of :mod:`sklearn_ser.neural_network` (the extra ``keras``); or any classifier, which is
        cloned. For several families of features: "voting" averages the probabilities of a logistic
        regression for each, "stacking" learns whom of their support vector machines to believe,
        from answers about speakers whom they had not heard (``cv=SpeakerKFold(3)``). The steps are
        then ``loader`` and ``classifier``, scikit-learn's ensemble, whose members are pipelines
        named after their features.
    standardize : {"speaker"}, default=None
        "speaker" puts a :class:`~sklearn_ser.SpeakerStandardizer` around the extractor, so that
        every clip's features are relative to its speaker's. Such a model needs ``X.speakers``, and
        scores speakers whom it does not know by their own unlabelled clips of the call
        (transductive) or by those of an enrolment. Only for tables.
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
        A name is not known; the message says which are, and which was meant. Or sequences were
        to be standardised by speaker, or several families of features go without what mixes them.

    Examples
    --------
    >>> from sklearn_ser import make_ser_pipeline
    >>> list(make_ser_pipeline("mfcc", "logreg", sample_rate=22050).named_steps)
    ['loader', 'features', 'scaler', 'clipper', 'classifier']
    >>> mixture = make_ser_pipeline(("mfcc", "mel"), "voting")
    >>> [name for name, member in mixture["classifier"].estimators]
    ['mfcc', 'mel']
    """
    families = families_of(features, classifier)
    if families is not None:
        common = {"standardize": standardize, "sample_rate": sample_rate, "memory": memory}
        common |= {"n_jobs": n_jobs, "random_state": random_state}
        members = [make_ser_pipeline(each, MEMBERS[str(classifier)], **common) for each in families]
        mixture = mix(families, [member[1:] for member in members], classifier, random_state)
        return SpeechPipeline([members[0].steps[0], ("classifier", mixture)])
    chosen = _chosen(classifier, CLASSIFIERS, "classifier", random_state)
    if takes_sequences(chosen) and isinstance(features, str):
        _check_for_frames(features, chosen)
        extractor = _chosen(features, SEQUENCES, "features", sample_rate)
        before = trimming()
    else:
        extractor, before = _chosen(features, TABLES, "features"), []
    _set_where_known(extractor, memory=memory, n_jobs=n_jobs)
    if standardize is not None:
        extractor = _standardized(extractor, chosen, standardize)
    steps = [*before, ("features", extractor), *scaling_after(extractor), ("classifier", chosen)]
    pipeline = SpeechPipeline([("loader", AudioLoader()), *steps])
    rates = {name: sample_rate for name in pipeline.get_params() if _names_a_rate(name)}
    return pipeline.set_params(**rates)


def pipeline_names() -> list[str]:
    """List the pipelines that are known by name, "<features>-<classifier>".

    Returns
    -------
    names : list of str
        Every pair that :func:`make_ser_pipeline` knows, the mixed families, then those of them that
        can be standardised by speaker, which end in "@speaker".

    Examples
    --------
    >>> from sklearn_ser.pipeline import pipeline_names
    >>> pipeline_names()[:2]
    ['mfcc-svm', 'mfcc-logreg']
    """
    pairs = [pair for pair in itertools.product(TABLES, CLASSIFIERS) if _go_together(*pair)]
    mixed = [(MIXED, mixer) for mixer in MIXERS]
    of_tables = [(f, c) for f, c in pairs if not _looks_at_frames(c)] + mixed
    names = [f"{f}-{c}" for f, c in pairs + mixed]
    return names + [f"{f}-{c}{_BY_SPEAKER}" for f, c in of_tables]


def split_name(name: str) -> tuple[str, str, str | None]:
    """Read "<features>-<classifier>" or "<features>-<classifier>@speaker"."""
    pair, _, standardize = name.partition("@")
    features, _, classifier = pair.partition("-")
    return features, classifier, standardize or None


def parameter_grid(
    features: str | Sequence[str] = "mfcc",
    classifier: str = "svm",
    *,
    standardize: str | None = None,
) -> dict[str, list[Any]]:
    """Return a small grid to tune a named pipeline over.

    Parameters
    ----------
    features : str or tuple of str
        Names that :func:`make_ser_pipeline` knows.
    classifier : str
        A name that it knows.
    standardize : {"speaker"}, default=None
        As in :func:`make_ser_pipeline`.

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
    families = families_of(features, classifier)
    if families is not None:
        for each in families:
            _check_name(each, TABLES, "features")
        return {name: list(values) for name, values in MIXER_GRIDS[classifier].items()}
    _check_name(str(features), TABLES, "features")
    _check_name(classifier, CLASSIFIERS, "classifier")
    grid = dict(GRIDS[classifier])
    own = FEATURE_GRIDS.get(str(features), {}) if grid else {}
    grid |= {name: own[name] for name in own if name in grid or name.startswith("features__")}
    inside = "features__extractor__" if standardize else "features__"
    return {name.replace("features__", inside, 1): list(values) for name, values in grid.items()}


def _chosen(choice: Any, makers: Mapping[str, Callable[..., Any]], kind: str, *args: Any) -> Any:
    if not isinstance(choice, str):
        return clone(choice)
    _check_name(choice, makers, kind)
    return makers[choice](*args)


def _check_name(name: str, makers: Mapping[str, Any], kind: str) -> None:
    if name not in makers:
        known = [*makers, *_MIXED_NAMES.get(kind, ())]
        hint = did_you_mean(name, known)
        raise ValueError(f"{kind}={name!r} is not known.{hint} Choose among {known}.")


def _standardized(extractor: BaseEstimator, classifier: Any, kind: str) -> BaseEstimator:
    _check_name(kind, STANDARDIZERS, "standardize")
    if takes_sequences(classifier) or getattr(extractor, "pooling", "table") is None:
        raise ValueError(
            f"standardize={kind!r} is about tables of features, and "
            f"{type(classifier).__name__} is to get sequences of {type(extractor).__name__}. Leave "
            "standardize at None, or choose a classifier of tables and an extractor with pooling."
        )
    return STANDARDIZERS[kind](extractor)


def _check_for_frames(features: str, classifier: BaseEstimator) -> None:
    if features in TABLES and features not in SEQUENCES:
        raise ValueError(
            f"features={features!r} makes one row of a clip, and {type(classifier).__name__} looks "
            f"at its frames. Choose features among {list(SEQUENCES)}, or a classifier of tables."
        )


def _go_together(features: str, classifier: str) -> bool:
    return features in SEQUENCES or not _looks_at_frames(classifier)


def _looks_at_frames(classifier: str) -> bool:
    return takes_sequences(CLASSIFIERS[classifier](None))


def _set_where_known(estimator: BaseEstimator, **values: Any) -> None:
    if isinstance(estimator, FeatureUnion):  # its own n_jobs would be processes around processes
        for _, part in estimator.transformer_list:
            if hasattr(part, "get_params"):
                _set_where_known(part, **values)
        return
    known = estimator.get_params(deep=False)
    given = {k: v for k, v in values.items() if v is not None and k in known}
    estimator.set_params(**given)


def _names_a_rate(parameter: str) -> bool:
    return parameter.rpartition("__")[2] == "sample_rate"
