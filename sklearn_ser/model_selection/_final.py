"""The model to keep: tuned on every speaker, with probabilities that mean something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.utils import column_or_1d
from sklearn.utils.fixes import parse_version

from sklearn_ser.model_selection._heard import refuse_heard
from sklearn_ser.model_selection._split import SpeakerKFold, encode_speakers
from sklearn_ser.model_selection._tasks import at_most, clone_params, tune

__all__ = ["FinalFit", "fit_final"]


@dataclass(frozen=True)
class FinalFit:
    """A model fitted by :func:`fit_final`, and how it was chosen.

    Attributes
    ----------
    model : estimator
        The fitted model.
    params : dict
        The candidate that won.
    inner_score : float
        Its mean score over the folds that chose it: optimistic, since it is the best of many.
        The score to report is that of :func:`benchmark`. Missing where nothing was tuned.
    n_candidates : int
        Number of candidates tried.
    calibrated : bool
        Whether probabilities were added by calibration.
    """

    model: Any
    params: dict[str, Any]
    inner_score: float
    n_candidates: int
    calibrated: bool


def fit_final(
    estimator: Any,
    param_grid: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    cv: Any = None,
    scoring: Any = "balanced_accuracy",
    probabilities: bool = True,
    n_jobs: int | None = None,
) -> FinalFit:
    """Tune a classifier by speaker on all clips, and fit it on all of them.

    A classifier without ``predict_proba`` (an SVM) gets its probabilities from
    ``CalibratedClassifierCV(cv=SpeakerKFold(3), ensemble=False)`` around the whole pipeline, so
    that they are learned from decisions on voices which the pipeline had not heard. The method is
    temperature scaling (one number for all classes) where scikit-learn has it, from 1.8 on, else
    Platt's sigmoids. Temperature does not change which class is the most probable, so the saved
    model gives the labels that were scored. Measured on 18 speakers of RAVDESS, five folds by
    speaker, with one-versus-rest RBF SVMs on two sets of features, temperature against sigmoid:
    log loss 1.36 and 1.37, expected calibration error .029 and .059, labels changed 0 % and 12 %.

    Give the classifier decision values that mean something: those of a multi-class ``SVC`` are
    mostly counts of pairwise votes, from which no method learns how sure the model is (the same
    measurement: log loss 1.49, and right and wrong labels have nearly the same confidence, AUROC
    .53 instead of .70). ``OneVsRestClassifier(SVC())`` has real ones.

    Parameters
    ----------
    estimator : classifier
        An unfitted classifier or pipeline.
    param_grid : dict, list of dict or None
        Candidates, as GridSearchCV takes them; may be empty. With None nothing is tuned, and
        nothing fitted but the model.
    X : AudioClips or array-like of length n_clips
        The clips; their ``speakers`` are used where `groups` is None.
    y : array-like of shape (n_clips,)
        The labels.
    groups : array-like of shape (n_clips,), default=None
        The speaker of each clip, for an X that does not carry them.
    cv : splitter, default=None
        How to split for tuning and for calibration; None means ``SpeakerKFold(3)``, or as many
        folds as there are speakers.
    scoring : str or callable, default="balanced_accuracy"
        What tuning maximises.
    probabilities : bool, default=True
        Whether to calibrate a classifier that has no ``predict_proba``.
    n_jobs : int, default=None
        Processes of the search; -1 uses all cores.

    Returns
    -------
    FinalFit
        The fitted model, its parameters and their score on the folds of the search.

    Raises
    ------
    ValueError
        If no speakers are known or there is only one.
    EncoderError
        If the estimator holds weights that were trained on one of the speakers.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural
       Networks", ICML 2017: temperature scaling.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.svm import SVC
    >>> from sklearn_ser.model_selection import fit_final
    >>> rng = np.random.default_rng(0)
    >>> y = np.tile(["angry", "sad"], 30)
    >>> X = rng.normal(size=(60, 2)) + 3 * (y == "sad")[:, None]
    >>> fit = fit_final(SVC(), {"C": [0.1, 1.0]}, X, y, groups=np.repeat(np.arange(6), 10))
    >>> fit.n_candidates, fit.calibrated
    (2, True)
    >>> fit.model.predict_proba(X).shape
    (60, 2)
    """
    y = column_or_1d(y)
    splitter = _splitter(X, groups, SpeakerKFold(3) if cv is None else cv)
    _refuse_heard(estimator, param_grid, X, groups)
    # Where speakers do not travel in X, the folds themselves have to.
    splits = splitter if groups is None else list(splitter.split(X, y, groups))
    choice = tune(estimator, param_grid, X, y, cv=splits, scoring=scoring, n_jobs=n_jobs)
    model = clone(estimator).set_params(**clone_params(choice.params))
    calibrated = probabilities and not hasattr(model, "predict_proba")
    if calibrated:
        model = CalibratedClassifierCV(
            model, method=calibration_method(), cv=splits, ensemble=False
        )
    return FinalFit(
        model=model.fit(X, y),
        params=choice.params,
        inner_score=choice.inner_score,
        n_candidates=choice.n_candidates,
        calibrated=calibrated,
    )


def calibration_method() -> str:
    """Name the method of calibration that this scikit-learn offers and that we prefer."""
    has_temperature = parse_version(sklearn.__version__) >= parse_version("1.8")
    return "temperature" if has_temperature else "sigmoid"


def _refuse_heard(estimator: Any, param_grid: Any, X: Any, groups: Any) -> None:
    """Features of voices that a network knows are clearer than those it will meet later."""
    speakers = getattr(X, "speakers", None) if groups is None else groups
    if speakers is not None:
        refuse_heard(
            {"final": (estimator, param_grid)}, speakers, "be a part of what is tuned on them"
        )


def _splitter(X: Any, groups: Any, cv: Any) -> Any:
    if not isinstance(cv, SpeakerKFold):
        return cv
    names, _ = encode_speakers(X, groups, "fit_final")
    if len(names) == 1:
        raise ValueError(
            f"All clips are by one speaker, '{names[0]}': tuning for unseen voices needs at least "
            "2. Add recordings of other people, or give a cv that is not about speakers, such as "
            "cv=StratifiedKFold(3)."
        )
    return at_most(cv, len(np.unique(names)))
