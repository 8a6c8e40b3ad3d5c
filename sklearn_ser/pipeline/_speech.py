"""A pipeline in which the speakers of the clips reach whatever splits inside."""

from __future__ import annotations

from typing import Any, Self

from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from sklearn_ser.speakers._enrollment import enroll_in_steps
from sklearn_ser.speakers._information import NONE, speaker_information

__all__ = ["SpeechPipeline"]


def _standardizes_speakers(pipeline: SpeechPipeline) -> bool:
    return speaker_information(pipeline) != NONE


class SpeechPipeline(Pipeline):
    """A Pipeline that hands the clips' speakers to the steps that take groups.

    Steps whose ``fit`` takes ``groups`` (early stopping, inner splits) are given
    ``X.speakers``, exactly those of the clips that the pipeline is fitted on, unless the caller
    gives groups. So nothing has to be routed through a search, a stack or a calibration. In all
    else it is scikit-learn's Pipeline; its parameters are that one's.

    Parameters
    ----------
    steps : list of (str, estimator)
        The steps, in order.
    transform_input : list of str, default=None
        As in scikit-learn's Pipeline.
    memory : str or joblib.Memory, default=None
        Cache of fitted steps. To cache features, set ``memory`` of the extractor instead, which
        keeps them clip by clip.
    verbose : bool, default=False
        Print the time of each step.

    See Also
    --------
    make_ser_pipeline : Makes one from names.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn_ser import MFCCTransformer, SpeechPipeline
    >>> extractor = MFCCTransformer(pooling="mean")
    >>> model = SpeechPipeline([("features", extractor), ("classifier", DummyClassifier())])
    >>> model.fit([np.zeros(800), np.ones(800)], ["calm", "calm"]).predict([np.ones(400)])
    array(['calm'], dtype='<U4')
    """

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Fit the steps; see scikit-learn's Pipeline.

        Parameters
        ----------
        X : AudioClips, list of waveforms, paths, or array
            What the first step takes.
        y : array-like of shape (n_clips,), default=None
            Labels.
        **params : dict
            Passed on to the steps.

        Returns
        -------
        self : SpeechPipeline
            Fitted.
        """
        super().fit(X, y, **self._with_speakers(X, params))
        return self

    @available_if(Pipeline._can_fit_transform)
    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit the steps and transform; see scikit-learn's Pipeline.

        Parameters
        ----------
        X : AudioClips, list of waveforms, paths, or array
            What the first step takes.
        y : array-like of shape (n_clips,), default=None
            Labels.
        **params : dict
            Passed on to the steps.

        Returns
        -------
        features : array
            What the last step gives.
        """
        return super().fit_transform(X, y, **self._with_speakers(X, params))

    @available_if(_standardizes_speakers)
    def enroll(self, speaker: Any, X: Any) -> Self:
        """Let a fitted pipeline know a speaker by some clips, for live use.

        The clips go through the steps before the :class:`~sklearn_ser.SpeakerStandardizer` and
        are then enrolled there. From now on what is said of one of the speaker's clips depends on
        that clip alone. Only there where a step, or what it holds, standardises speakers.

        Parameters
        ----------
        speaker : str or other hashable
            The name under which the speaker's clips will come, as in ``X.speakers``.
        X : AudioClips, list of waveforms, paths, or array
            Clips of this speaker, as the first step takes them; best of mixed mood.

        Returns
        -------
        self : SpeechPipeline
            It knows the speaker now.

        See Also
        --------
        SpeakerStandardizer.enroll : What is done, and what is refused.
        enroll_speaker : The same for a search, a calibration or a stack.
        """
        check_is_fitted(self)
        enroll_in_steps(self.steps, speaker, X)
        return self

    def _with_speakers(self, X: Any, params: dict[str, Any]) -> dict[str, Any]:
        speakers = getattr(X, "speakers", None)
        if speakers is None or "groups" in params:
            return params
        if _routing_is_on():
            asked = get_routing_for_object(self).consumes("fit", ["groups"])
            return {**params, "groups": speakers} if asked else params
        takers = [name for name, step in self.steps if has_fit_parameter(step, "groups")]
        return {**{f"{name}__groups": speakers for name in takers}, **params}


def _routing_is_on() -> bool:
    from sklearn import get_config

    return bool(get_config()["enable_metadata_routing"])
