"""What a room and a recorder leave in a clip, taken out before its voice is described."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from sklearn_ser.audio import NoiseReducer
from sklearn_ser.features._mel import hz_to_mel, mel_to_hz
from sklearn_ser.utils._names import did_you_mean
from sklearn_ser.voice._spectra import normalise_level

__all__ = ["NORMALIZE", "normalise", "resolve_normalize"]

NORMALIZE = ("level", "spectrum", "noise")

_WINDOW_SECONDS = 0.032
_N_BANDS = 24  # as wide as the ear's: narrower ones would flatten a voice's formants as well
_MOST_DB = 30.0  # the most that one band is raised beside another

_STEP_SECONDS = 0.010
_SILENT_DB = 40.0  # below the loudest step, at both ends
_MARGIN = 8  # steps of silence that stay

Array = NDArray[np.float32]


def resolve_normalize(normalize: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the names of what is taken out, each once and in the order of ``NORMALIZE``.

    Parameters
    ----------
    normalize : str, iterable of str or None
        One name, several, or nothing.

    Returns
    -------
    tuple of str
        Names.

    Raises
    ------
    ValueError
        A name is not known.

    Examples
    --------
    >>> resolve_normalize(["noise", "level"])
    ('level', 'noise')
    """
    given = () if normalize is None else (normalize,)
    names = set(given if isinstance(normalize, str | None) else normalize)
    for name in sorted(names - set(NORMALIZE), key=str):
        raise ValueError(
            f"normalize={name!r} is not known.{did_you_mean(name, NORMALIZE)} Choose among "
            f"{list(NORMALIZE)}, give several as a tuple, or None."
        )
    return tuple(name for name in NORMALIZE if name in names)


def normalise(samples: Array, sample_rate: int, normalize: tuple[str, ...]) -> tuple[Array, float]:
    """Prepare a clip to be described.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        The clip.
    sample_rate : int
        Samples a second.
    normalize : tuple of str
        What is taken out, as :func:`resolve_normalize` gives it.

    Returns
    -------
    samples : ndarray of shape (n_samples,)
        Float32, without its mean and at a peak of 1, and without silence at its ends; zeros where
        the clip was constant.
    gain_db : float
        What has to be added to its levels to make them the clip's own; 0 where "level" is taken
        out.
    """
    found, peak = normalise_level(samples)
    if not peak:
        return found, 0.0
    if "noise" in normalize:
        found = NoiseReducer(sample_rate=sample_rate).transform([found])[0]
    if "spectrum" in normalize:
        found = _whitened(found, sample_rate)
    found, within = normalise_level(_speech_part(found, sample_rate))
    if "level" in normalize or not within:
        return found, 0.0
    return found, 20 * float(np.log10(peak * within))


def _speech_part(samples: Array, sample_rate: int) -> Array:
    """Cut silence off both ends, of which no descriptor is to know, and which takes its time.

    The cuts lie at whole steps, so that longer silence before the same speech leaves the same
    frames.
    """
    hop = max(1, round(_STEP_SECONDS * sample_rate))
    n_steps = len(samples) // hop
    if n_steps < 2:
        return samples
    steps = samples[: n_steps * hop].reshape(n_steps, hop)
    power = np.einsum("ij,ij->i", steps, steps)
    loud = np.flatnonzero(power > power.max() * 10 ** (-_SILENT_DB / 10))
    start = max(int(loud[0]) - _MARGIN, 0)
    stop = int(loud[-1]) + 1 + _MARGIN
    return samples[start * hop : stop * hop if stop < n_steps else None]


def _whitened(samples: Array, sample_rate: int) -> Array:
    """Filter a clip so that its long-term spectrum is flat in wide bands, without delay."""
    gains = _gains(samples, sample_rate)
    kernel = np.fft.fftshift(np.fft.irfft(gains))
    kernel *= scipy.signal.get_window("hann", len(kernel))
    filtered = scipy.signal.oaconvolve(samples, kernel.astype(np.float32), mode="full")
    start = len(kernel) // 2
    return normalise_level(filtered[start : start + len(samples)].astype(np.float32))[0]


def _gains(samples: Array, sample_rate: int) -> NDArray[np.float64]:
    """Return the filter's gain at each bin: the inverse of the root of the smoothed power."""
    length = 2 * max(round(_WINDOW_SECONDS * sample_rate / 2), 8)
    padded = np.pad(samples, (0, max(length - len(samples), 0)))
    _, power = scipy.signal.welch(padded, nperseg=length, noverlap=length // 2)
    hertz = np.fft.rfftfreq(length, 1 / sample_rate)
    edges = _band_edges(sample_rate)
    bands = [power[(hertz >= low) & (hertz <= high)].mean() for low, high in edges]
    levels = 10 * np.log10(np.maximum(bands, 1e-12 * max(bands)))
    levels = np.maximum(levels, levels.max() - _MOST_DB)
    smooth = np.interp(hertz, [(low + high) / 2 for low, high in edges], levels)
    return 10 ** (-smooth / 20)


def _band_edges(sample_rate: int) -> list[tuple[float, float]]:
    """Return the ends of bands that overlap by half, equally wide on the mel scale, in Hz."""
    mels = np.linspace(0, hz_to_mel(sample_rate / 2, htk=True), _N_BANDS + 2)
    hertz = mel_to_hz(mels, htk=True)
    return list(zip(hertz[:-2], hertz[2:], strict=True))
