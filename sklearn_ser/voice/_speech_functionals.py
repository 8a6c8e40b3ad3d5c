"""What a clip's speech is like as a whole, in one row of numbers that have names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval

from sklearn_ser.base import BaseFrameTransformer
from sklearn_ser.utils._names import did_you_mean
from sklearn_ser.voice._descriptors import ClipDescriptors, FunctionalSettings
from sklearn_ser.voice._egemaps_like import egemaps_like, egemaps_like_names
from sklearn_ser.voice._families import FAMILIES, FULL, Family
from sklearn_ser.voice._front_end import resolve_normalize

__all__ = ["SpeechFunctionalsTransformer"]

_EGEMAPS = {"eGeMAPS-like": Family(egemaps_like_names, egemaps_like)}
_LOWEST_RATE = 8000

Array = NDArray[np.float32]


def resolve_feature_set(feature_set: str | Iterable[str]) -> dict[str, Family]:
    """Return the families that a feature set stands for.

    Parameters
    ----------
    feature_set : str or iterable of str
        "full", "eGeMAPS-like", or the name of one family or of several.

    Returns
    -------
    dict of str to Family
        By name, in the order given.

    Raises
    ------
    ValueError
        A name is not known, given twice, or there is none.
    """
    if feature_set == "full":
        return {name: FAMILIES[name] for name in FULL}
    if isinstance(feature_set, str) and feature_set in _EGEMAPS:
        return dict(_EGEMAPS)
    names = [feature_set] if isinstance(feature_set, str) else list(feature_set)
    if not names:
        raise ValueError("feature_set names no family: give one at least, such as 'pitch'.")
    for name in names:
        if name not in FAMILIES:
            known = [*FAMILIES, "full", *_EGEMAPS]
            raise ValueError(
                f"feature_set={name!r} is not known.{did_you_mean(name, known)} Choose 'full' or "
                f"'eGeMAPS-like', or families among {list(FAMILIES)}."
            )
    if len(set(names)) < len(names):
        raise ValueError(f"feature_set names a family twice: {names}")
    return {name: FAMILIES[name] for name in names}


@dataclass(frozen=True)
class FunctionalsExtractor:
    """From a waveform to its functionals."""

    settings: FunctionalSettings
    feature_set: tuple[str, ...] | str

    def __call__(self, waveform: Array) -> Array:
        clip = ClipDescriptors(np.asarray(waveform, dtype=np.float32), self.settings)
        found = [f.values(clip) for f in resolve_feature_set(self.feature_set).values()]
        return np.concatenate(found).astype(np.float32)

    def count_frames(self, n_samples: int) -> int:
        return self.settings.pitch.count_frames(n_samples)

    @property
    def coefficient_names(self) -> list[str]:
        return self.output_names

    @property
    def families(self) -> list[str]:
        """The family of every output."""
        return [family for family, _ in _names(self)]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        return [name for _, name in _names(self)]


@lru_cache(maxsize=32)
def _names(extractor: FunctionalsExtractor) -> list[tuple[str, str]]:
    """Return family and name of every output."""
    chosen = resolve_feature_set(extractor.feature_set).items()
    return [(key, name) for key, family in chosen for name in family.names(extractor.settings)]


class SpeechFunctionalsTransformer(BaseFrameTransformer):
    """Functionals of a clip: pitch, voice quality, formants, spectrum, level, rhythm, movement.

    Each clip becomes one row. Descriptors are taken every 10 ms, voice quality and formants every
    20 ms, and summed up over the frames in which they say something: those with voice, or those
    at most 30 dB below the loudest. A gain changes levels, by as much, and nothing else; silence
    at the ends is left out.

    ========== ===================================================================== =========
    family     what is summed up                                                     features
    ========== ===================================================================== =========
    level      level in dB, its steps, share of frames near the loudest, peaks       27
    pitch      F0 in semitones above 27.5 Hz of voiced frames; how it rises, falls   21
    voicing    probability of voice; height of the autocorrelation, while speaking   18
    rhythm     voiced, unvoiced, loud, quiet stretches: a second, seconds, share     21
    quality    jitter, shimmer, HNR, spectral slopes, alpha ratio, Hammarberg        121
               index, H1-H2, cepstral peak prominence, of voiced frames
    formants   F1 to F3: frequency and bandwidth in Hz, level in dB                  63
    mfcc       20 cepstral coefficients and derivatives, of active frames            220
    mel        32 mel bands in dB and derivatives, of active frames                  352
    shape      centroid, bandwidth, roll-off in Hz, flatness, flux, zero crossings,  143
               contrast in dB, and derivatives
    modulation bands, level, pitch and voicing: power by rate of movement            350
    dynamics   autocorrelation and speed of cepstral coefficients                    144
    covariance what moves together: logarithm of the covariance of cepstra, and of   561
               the voice's descriptors while it sounds
    ========== ===================================================================== =========

    "full" is all of them but "formants" and "shape", 1,835: chosen by the inner folds of RAVDESS
    and CREMA-D, on which these two added nothing and took two fifths of the time. Counts are those
    at 16 kHz; at rates below 12.8 kHz "shape" has fewer octaves of contrast.

    Parameters
    ----------
    feature_set : str or tuple of str, default="full"
        "full", "eGeMAPS-like" (the 88 functionals of that set, from this package's descriptors),
        or families by name.
    sample_rate : int, default=16000
        Rate of the clips, in Hz, 8000 at least; never guessed from the data.
    normalize : str, tuple of str or None, default=None
        What is taken out of each clip before it is described: "level" (its gain), "spectrum"
        (room, microphone and the voice's own long-term spectrum, by a filter that makes it flat
        in wide bands), "noise" (spectral gating, as ``NoiseReducer``).
    memory : str, path or joblib.Memory, default=None
        Folder that keeps every clip's features between calls and processes.
    n_jobs : int, default=None
        Processes; the result does not depend on it.
    verbose : int, default=0
        Show a progress bar.

    Attributes
    ----------
    feature_families_ : list of str
        The family of every feature.
    coefficient_names_ : list of str
        Names of the features.
    n_frames_ : None
        Clips become rows, not sequences.
    n_features_in_ : int
        Width of the array of ``fit``; only where X was a 2-D array.

    See Also
    --------
    PitchTransformer : The pitch by frames.
    VoiceQualityTransformer : The voice's quality by frames.

    Notes
    -----
    Every value is finite. What is summed up over voiced frames is 0 in a clip that has none.

    References
    ----------
    F. Eyben et al., "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research
    and Affective Computing", IEEE Transactions on Affective Computing 7(2), 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import SpeechFunctionalsTransformer
    >>> hum = np.sin(2 * np.pi * 110 * np.arange(16000) / 16000)
    >>> voice = SpeechFunctionalsTransformer(("pitch", "rhythm"))
    >>> row = voice.set_output(transform="pandas").fit_transform([hum]).iloc[0]
    >>> float(row["f0_semitone_median"].round(1)), float(row["rhythm_voiced_share"])
    (24.0, 1.0)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "feature_set": [str, tuple, list],
        "sample_rate": [Interval(Integral, _LOWEST_RATE, None, closed="left")],
        "normalize": [str, tuple, list, None],
        "memory": BaseFrameTransformer._parameter_constraints["memory"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    pooling = "functionals"  # the output is a table
    n_frames = None
    _extractor: FunctionalsExtractor

    def __init__(
        self,
        feature_set: str | tuple[str, ...] = "full",
        *,
        sample_rate: int = 16000,
        normalize: str | tuple[str, ...] | None = None,
        memory: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.feature_set = feature_set
        self.sample_rate = sample_rate
        self.normalize = normalize
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    @property
    def feature_families_(self) -> list[str]:
        """The family of every feature, in the order of the columns."""
        return self._extractor.families

    def _make_extractor(self) -> FunctionalsExtractor:
        settings = FunctionalSettings(int(self.sample_rate), resolve_normalize(self.normalize))
        chosen = resolve_feature_set(self.feature_set)
        names = self.feature_set if "eGeMAPS-like" in chosen else tuple(chosen)
        return FunctionalsExtractor(settings, names)
