"""The feature engine: every frame feature of a clip from one framing and one Fourier transform."""

from __future__ import annotations

import numpy as np

from sklearn_ser.features._delta import time_derivative
from sklearn_ser.features._fourier import spectral_features
from sklearn_ser.features._settings import FEATURES, FrameSettings, resolve_lengths
from sklearn_ser.utils._frames import count_signal_frames, frame_view, pad_signal

__all__ = [
    "FEATURES",
    "FrameSettings",
    "coefficient_names",
    "count_frames",
    "extract_frames",
    "resolve_lengths",
]

_MANY = ("mel", "mfcc", "chroma", "contrast")  # features of several coefficients a frame


def coefficient_names(settings: FrameSettings) -> list[str]:
    """Name the columns of :func:`extract_frames`.

    Parameters
    ----------
    settings : FrameSettings
        What is computed.

    Returns
    -------
    list of str
        ``"zcr"``, ``"rms"``, ``"mel_0"``, ``"mfcc_0"``..., then all of them again with
        ``"_delta"`` and ``"_delta2"`` where deltas are asked for.
    """
    names: list[str] = []
    for feature in settings.features:
        size = _feature_size(feature, settings)
        many = feature in _MANY
        names += [f"{feature}_{i}" for i in range(size)] if many else [feature]
    suffixes = ("", "_delta", "_delta2")[: 1 + settings.deltas]
    return [name + suffix for suffix in suffixes for name in names]


def count_frames(n_samples: int, settings: FrameSettings) -> int:
    """Count the frames of a clip without computing them.

    Parameters
    ----------
    n_samples : int
        Length of the clip.
    settings : FrameSettings
        What is computed.

    Returns
    -------
    int
        Number of rows of :func:`extract_frames`, at least 1. Features with frames of different
        lengths are cut to the shortest count.
    """
    hop, center = settings.hop_length, settings.center
    sizes = {settings.frame_size(feature) for feature in settings.features}
    return min(count_signal_frames(n_samples, size, hop, center=center) for size in sizes)


def extract_frames(waveform: np.ndarray, settings: FrameSettings) -> np.ndarray:
    """Compute the frame features of one clip.

    The values are those of librosa's functions of the same names. Clips shorter than a frame are
    padded with zeros at the end where ``center=False``. Long clips are worked through in blocks
    of frames, so that memory beyond the result stays bounded.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        Finite samples, float32.
    settings : FrameSettings
        What to compute.

    Returns
    -------
    ndarray of shape (n_frames, n_coefs)
        C-ordered float32, columns as in :func:`coefficient_names`.

    Raises
    ------
    ValueError
        If the waveform is not one-dimensional.

    Notes
    -----
    The transform is in float32. Frames whose quiet bands it would leave more than 1e-3 dB off,
    a few in a hundred of clean speech, are transformed again in float64, in which librosa
    works throughout. Results do not depend on the number of threads, to the bit.

    With ``pad_mode="reflect"``, a clip of a whole number of hops and a hop longer than half of
    ``n_fft``, one sample of the last frame differs from librosa's, which there reflects a
    shorter piece than :func:`numpy.pad`.
    """
    samples = np.ascontiguousarray(waveform, dtype=np.float32)
    if samples.ndim != 1 or np.ndim(waveform) != 1:
        raise ValueError(f"waveform must be one-dimensional, got shape {np.shape(waveform)}")
    n_frames = count_frames(len(samples), settings)
    sizes = {feature: _feature_size(feature, settings) for feature in settings.features}
    n_static = sum(sizes.values())
    output = np.empty((n_frames, n_static * (1 + settings.deltas)), dtype=np.float32)
    _fill_static(samples, settings, sizes, output)
    for order in range(1, settings.deltas + 1):
        columns = slice(order * n_static, (order + 1) * n_static)
        width = settings.delta_width
        output[:, columns] = time_derivative(output[:, :n_static], order=order, width=width)
    return output


def _feature_size(feature: str, settings: FrameSettings) -> int:
    sizes = {
        "mel": settings.n_mels,
        "mfcc": settings.n_mfcc,
        "chroma": settings.n_chroma,
        "contrast": settings.contrast_bands + 1,
    }
    return sizes.get(feature, 1)


def _fill_static(
    samples: np.ndarray, settings: FrameSettings, sizes: dict[str, int], output: np.ndarray
) -> None:
    """Write each feature into its columns of the output."""
    n_frames, start = len(output), 0
    computed = _static_features(samples, settings, n_frames)
    for feature, size in sizes.items():
        output[:, start : start + size] = computed[feature][:, :n_frames].T
        start += size


def _static_features(
    samples: np.ndarray, settings: FrameSettings, n_frames: int
) -> dict[str, np.ndarray]:
    """Return every feature by its name, each of shape (n_coefs, at least n_frames)."""
    found = {}
    sizes = {settings.frame_size(feature) for feature in settings.features if feature != "zcr"}
    framed = {size: _framed(samples, size, settings) for size in sizes}
    if settings.needs_spectrum:
        found = spectral_features(framed[settings.n_fft], settings)
    if "zcr" in settings.features:
        found["zcr"] = _zero_crossing_rate(samples, settings, n_frames)[None]
    if "rms" in settings.features:
        found["rms"] = _root_mean_square(framed[settings.frame_length])[None]
    return found


def _framed(samples: np.ndarray, frame_length: int, settings: FrameSettings) -> np.ndarray:
    """Pad as the settings say and return the view of all frames."""
    hop, center = settings.hop_length, settings.center
    n_frames = count_signal_frames(len(samples), frame_length, hop, center=center)
    if center:
        half = frame_length // 2
        samples = pad_signal(samples, half, half, mode=settings.pad_mode)
    missing = frame_length - len(samples)
    if missing > 0:
        samples = pad_signal(samples, 0, missing)
    return frame_view(samples, frame_length, hop, n_frames)


def _zero_crossing_rate(samples: np.ndarray, settings: FrameSettings, n_frames: int) -> np.ndarray:
    """Return the share of samples whose sign differs from the one before, by frame.

    Signs are compared once for the whole clip. A frame's first sample never counts, and padding
    with the edge adds no crossing.
    """
    frame_length, hop = settings.frame_length, settings.hop_length
    front = frame_length // 2 if settings.center else 0
    needed = (n_frames - 1) * hop + frame_length
    crosses = np.zeros(max(needed, front + len(samples)), dtype=np.bool_)
    is_negative = samples < -settings.zcr_threshold
    changes = crosses[front + 1 : front + len(samples)]
    np.not_equal(is_negative[1:], is_negative[:-1], out=changes)
    counts = _counts_of_windows(crosses, frame_length, hop, n_frames)
    counts -= crosses[: needed - frame_length + 1 : hop]
    return counts / np.float32(frame_length)


def _counts_of_windows(flags: np.ndarray, length: int, hop: int, n_windows: int) -> np.ndarray:
    """Count the flags that are set, by window; eight at a time where the lengths allow it."""
    if length % 8 == 0 and hop % 8 == 0:
        flags = np.bitwise_count(np.packbits(flags))
        length, hop = length // 8, hop // 8
    windows = frame_view(flags.astype(np.float32), length, hop, n_windows)
    return np.einsum("ij->i", windows)


def _root_mean_square(frames: np.ndarray) -> np.ndarray:
    energy = np.einsum("ij,ij->i", frames, frames)
    return np.sqrt(energy / np.float32(frames.shape[1]))
