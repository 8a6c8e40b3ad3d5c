"""NoiseAugmenter: white or pink noise, or pieces of recordings, at a signal-to-noise ratio."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from sklearn_ser.audio._io import read_audio
from sklearn_ser.augmentation._base import Array, BaseAugmenter, Parameters
from sklearn_ser.augmentation._functional import add_noise, colored_noise
from sklearn_ser.augmentation._ranges import Strength, draw_between
from sklearn_ser.exceptions import AudioError
from sklearn_ser.utils._names import did_you_mean

__all__ = ["NoiseAugmenter"]

_COLORS = ("pink", "white")
_SEEDS = 2**32
_SHORTEST_READ = 0.05  # seconds: enough to have samples left at a lower rate


class NoiseAugmenter(BaseAugmenter):
    """Add noise at a signal-to-noise ratio.

    The ratio is that of mean powers over the whole clip, its pauses included. A silent clip has no
    power to measure the noise by, and a silent piece of a recording none to bring to it: the clip
    then stays as it is.

    Parameters
    ----------
    snr_db : float or (float, float), default=(5.0, 20.0)
        Decibels of the clip above the noise, or the range that they are drawn from. To leave
        clips clean lower ``probability``: an infinite ratio is an error.
    color : {"white", "pink"} or path, default="white"
        Equal power in every hertz or in every octave (Gaussian both); or a folder of recordings,
        those in its subfolders included, at any rate, listed once a process. Of one of them a
        random piece as long as the clip is taken; a shorter one is repeated. A cache knows the
        folder by its path: give other recordings another folder.
    probability : float, default=1.0
        Share of the copies that are changed.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import NoiseAugmenter
    >>> tone = np.sin(np.arange(16000) * 0.1)
    >>> noisy = NoiseAugmenter(snr_db=20.0, color="pink").augment(tone, 16000, random_state=0)
    >>> print(round(float(10 * np.log10(np.mean(tone**2) / np.mean((noisy - tone) ** 2))), 3))
    20.0
    """

    def __init__(
        self,
        snr_db: Strength = (5.0, 20.0),
        *,
        color: str | os.PathLike[str] = "white",
        probability: float = 1.0,
    ) -> None:
        self.snr_db = snr_db
        self.color = color
        self.probability = probability

    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        hint = (
            "Give decibels such as 15, or a pair such as (5, 20); for clips without noise lower "
            "probability."
        )
        ends = self._strength("snr_db", low=-100, high=200, hint=hint)
        drawn = {"snr_db": draw_between(ends, random_state)}
        if self._is_colored():
            return drawn | {"seed": int(random_state.integers(_SEEDS))}
        recordings = _recordings_in(os.path.abspath(self.color))
        return drawn | {
            "recording": int(random_state.integers(len(recordings))),
            "start": float(random_state.random()),
        }

    def _apply(
        self,
        waveform: Array,
        sample_rate: Any,
        *,
        snr_db: float,
        seed: int | None = None,
        recording: int = 0,
        start: float = 0.0,
    ) -> Array:
        if self._is_colored():
            source = np.random.default_rng(seed)
            noise = colored_noise(str(self.color), len(waveform), source)
        else:
            path = _recordings_in(os.path.abspath(self.color))[recording]
            noise = _piece_of(path, start, len(waveform), sample_rate)
        return add_noise(waveform, noise, snr_db)

    def _is_colored(self) -> bool:
        """Whether the noise is made; else it is read, from a folder that is there."""
        if isinstance(self.color, str) and self.color in _COLORS:
            return True
        if not isinstance(self.color, str | os.PathLike) or not Path(self.color).is_dir():
            raise ValueError(
                f"{self._name}: color={self.color!r} is neither 'white' nor 'pink' nor a folder "
                f"that exists.{did_you_mean(self.color, _COLORS)}"
            )
        return False


@lru_cache(maxsize=32)
def _recordings_in(folder: str) -> tuple[Path, ...]:
    """List the sound files under a folder, in an order that does not depend on the machine."""
    endings = {f".{name.lower()}" for name in soundfile.available_formats()} | {".oga", ".aif"}
    inside = (path for path in Path(folder).rglob("*") if path.suffix.lower() in endings)
    found = sorted((path for path in inside if path.is_file()), key=lambda path: path.as_posix())
    if not found:
        raise AudioError(
            f"The folder '{folder}' holds no recordings of noise that can be read; put .wav or "
            ".flac files there."
        )
    return tuple(found)


def _piece_of(path: Path, start: float, n_samples: int, sample_rate: float) -> Array:
    """Read a piece that begins at a share of what can be skipped; repeat a short recording."""
    seconds = max(n_samples / sample_rate, _SHORTEST_READ)
    length = _seconds_of(path)
    offset = start * max(length - seconds, 0.0)
    piece, _ = read_audio(path, sample_rate=round(sample_rate), offset=offset, duration=seconds)
    if length < seconds:
        piece = np.roll(piece, -int(start * len(piece)))
    return np.resize(piece, n_samples)  # repeats, for the sample that rounding may lack too


def _seconds_of(path: Path) -> float:
    try:
        return float(soundfile.info(path).duration)
    except soundfile.SoundFileError as error:
        raise AudioError(f"{path} cannot be read as a recording of noise: {error}") from error
