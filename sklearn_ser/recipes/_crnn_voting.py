"""Our own networks and a linear model that vote, for voices that they have never heard."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from sklearn.ensemble import VotingClassifier

from sklearn_ser.pipeline import SpeechPipeline, make_ser_pipeline
from sklearn_ser.recipes._mel_crnn import MEL_CRNN
from sklearn_ser.recipes._recipe import Recipe
from sklearn_ser.recipes._steps import crnn_on

__all__ = ["CRNN_VOTING", "crnn_voting"]

_RATE = 16000
_SEQUENCES = ("mel", "frames")


def crnn_voting(
    *,
    sample_rate: int = _RATE,
    epochs: int = 30,
    n_networks: int = 2,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    verbose: int = 0,
) -> SpeechPipeline:
    """Make this package's own networks, trained from several seeds, and a linear model vote.

    Steps: loader, and a soft :class:`~sklearn.ensemble.VotingClassifier` of the pipelines
    ``mel-crnn`` and ``frames-crnn``, each from ``n_networks`` seeds, and ``frames-logreg``.

    Parameters
    ----------
    sample_rate : int, default=16000
        Rate in Hz; windows and hops keep their times.
    epochs : int, default=30
        Passes over the training clips, of each network.
    n_networks : int, default=2
        Networks on each of the two sets of features; training takes twice as many times as long
        as one :func:`mel_crnn`.
    memory : str, path or joblib.Memory, default=None
        Where the extractors keep every clip's features.
    n_jobs : int, default=None
        Members that are trained at a time.
    random_state : int, default=None
        Seed of the first network on either set; the others count on from it.
    verbose : int, default=0
        Show progress bars.

    Returns
    -------
    pipeline : SpeechPipeline
        Unfitted; its last step's members are ``mel_1``, ``frames_1``, ..., and ``logreg``.

    Raises
    ------
    ValueError
        If ``n_networks`` is no whole number from 1 on.

    See Also
    --------
    mel_crnn : One network.

    Notes
    -----
    **Stated.** Nothing is inferred: it is our own. The members were chosen on RAVDESS, on
    validation actors apart from those who test it. What one network gets right depends on its
    seed; where each errs in its own way, the mean of the probabilities errs less than any.

    **Protocol.** Unseen speakers, always.

    Examples
    --------
    >>> from sklearn_ser.recipes import crnn_voting
    >>> [name for name, _ in crnn_voting(n_networks=1)[-1].estimators]
    ['mel_1', 'frames_1', 'logreg']
    """
    if not isinstance(n_networks, Integral) or isinstance(n_networks, bool) or n_networks < 1:
        raise ValueError(
            f"n_networks={n_networks!r} is no whole number from 1 on: so many networks are "
            f"trained on each of the features {', '.join(_SEQUENCES)}."
        )
    common: dict[str, Any] = {"sample_rate": sample_rate, "memory": memory}
    members = []
    for number in range(n_networks):
        seed = None if random_state is None else random_state + number
        for features in _SEQUENCES:
            member = crnn_on(features, epochs=epochs, verbose=verbose, random_state=seed, **common)
            members.append((f"{features}_{number + 1}", member))
    linear = make_ser_pipeline("frames", "logreg", random_state=random_state, **common)
    members.append(("logreg", linear.set_params(features__verbose=verbose)))
    vote = VotingClassifier([(n, m[1:]) for n, m in members], voting="soft", n_jobs=n_jobs)
    return SpeechPipeline([linear.steps[0], ("classifier", vote)])


CRNN_VOTING = Recipe(
    name="crnn_voting",
    make=crnn_voting,
    title=MEL_CRNN.title,
    corpora=MEL_CRNN.corpora,
    target=MEL_CRNN.target,
    classes=MEL_CRNN.classes,
    sample_rate=_RATE,
    protocol=MEL_CRNN.protocol,
    network="CRNNClassifier",
    loading=MEL_CRNN.loading,
)
