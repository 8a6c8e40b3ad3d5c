"""The bands and pitches of every training clip, at every speed, kept as 16-bit numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.audio import AudioClips, resample
from sklearn_ser.embedding._front_end import FrontEnd
from sklearn_ser.utils._parallel import chunk_slices, parallel_map

__all__ = ["Hearing", "Spectra", "measure_spectra", "whiten"]

_CLIPS_A_TASK = 16
_NOISE_FLOOR = 1e-10
_LOUD_PERCENTILE = 90.0  # of the frames' powers: what a signal-to-noise ratio is measured from

Array = NDArray[np.float32]
Half = NDArray[np.float16]


@dataclass(frozen=True)
class Spectra:
    """Natural logarithms of the bands' powers, and the salience of pitches.

    16 bits keep powers to a tenth of a decibel.

    Attributes
    ----------
    speeds : tuple of float
        At which the clips were measured.
    logs : list (speeds) of lists (clips) of ndarray of shape (n_frames, n_bands), float16
    saliences : list (speeds) of lists (clips) of ndarray of shape (n_frames, n_bands or 0), float16
    """

    speeds: tuple[float, ...]
    logs: list[list[Half]]
    saliences: list[list[Half]]

    @property
    def as_recorded(self) -> int:
        """Place of the speed 1."""
        return self.speeds.index(1.0)

    def power(self, clip: int, speed: int) -> Array:
        """Return the power of every band of a clip, at one of the speeds."""
        return np.exp(self.logs[speed][clip].astype(np.float32))

    def salience(self, clip: int, speed: int) -> Array:
        """Return the salience of every pitch in a clip, at one of the speeds."""
        return self.saliences[speed][clip].astype(np.float32)

    def fingerprint(self) -> str:
        """Return a text that is equal for equal clips, wherever they lie."""
        found = hashlib.sha256()
        for log in self.logs[self.as_recorded]:
            found.update(repr(log.shape).encode())
            found.update(np.ascontiguousarray(log).tobytes())
        return found.hexdigest()


def measure_spectra(
    clips: AudioClips,
    front_end: FrontEnd,
    speeds: Sequence[float],
    *,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Spectra:
    """Measure all clips; each is decoded once, and let go.

    Parameters
    ----------
    clips : AudioClips
        At the front end's rate.
    front_end : FrontEnd
        Which bands.
    speeds : sequence of float
        A clip at the speed 1.1 is a tenth shorter, and higher.
    n_jobs : int, default=None
        Threads.
    verbose : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    Spectra
    """
    chunks = parallel_map(
        _measure,
        [
            (clips, part, front_end, tuple(speeds))
            for part in chunk_slices(len(clips), chunk_size=_CLIPS_A_TASK)
        ],
        n_jobs=n_jobs,
        prefer="threads",
        label="spectra",
        verbose=int(verbose),
    )
    by_speed = list(zip(*(clip for chunk in chunks for clip in chunk), strict=True))
    return Spectra(
        tuple(speeds),
        [[log for log, _ in clips_at_speed] for clips_at_speed in by_speed],
        [[salience for _, salience in clips_at_speed] for clips_at_speed in by_speed],
    )


def _measure(
    clips: AudioClips, part: slice, front_end: FrontEnd, speeds: tuple[float, ...]
) -> list[list[tuple[Half, Half]]]:
    places = range(len(clips))[part]
    return [
        [_measure_at(wave, front_end, s) for s in speeds] for wave in map(clips.__getitem__, places)
    ]


def _measure_at(waveform: Any, front_end: FrontEnd, speed: float) -> tuple[Half, Half]:
    rate = front_end.sample_rate
    heard = resample(waveform, rate * speed, rate) if speed != 1.0 else waveform
    log = np.log(front_end.power(heard)).astype(np.float16)
    return log, front_end.salience(heard).astype(np.float16)


def whiten(front_end: FrontEnd, spectra: Spectra, clips: Sequence[int]) -> FrontEnd:
    """Give a front end the long-term spectrum of some clips to take out.

    Parameters
    ----------
    front_end : FrontEnd
        Without whitening.
    spectra : Spectra
        Of all clips.
    clips : sequence of int
        Which to learn from: those for training.

    Returns
    -------
    FrontEnd
    """
    plain = replace(front_end, whitening=())
    found = [plain.long_term_spectrum(spectra.power(clip, spectra.as_recorded)) for clip in clips]
    levels = np.stack(found).mean(axis=0, dtype=np.float64).tolist()
    return replace(front_end, whitening=tuple(round(level, 4) for level in levels))


class Hearing:
    """What the network hears of the clips; what is heard unchanged is kept.

    Parameters
    ----------
    spectra : Spectra
        Of all clips.
    front_end : FrontEnd
        With its whitening.
    """

    def __init__(self, spectra: Spectra, front_end: FrontEnd) -> None:
        self.spectra = spectra
        self.front_end = front_end
        self._kept: dict[tuple[int, int], Half] = {}
        self._floors: dict[int, Array] = {}

    def plain(self, clip: int, speed: int | None = None) -> Half:
        """Return what is heard of a clip (n_frames, n_bands, n_channels), as it is."""
        key = (clip, self.spectra.as_recorded if speed is None else speed)
        if key not in self._kept:
            bands = self.front_end.hear(self.spectra.power(*key), self.spectra.salience(*key))
            self._kept[key] = bands.astype(np.float16)
        return self._kept[key]

    def changed(self, clip: int, speed: int, gains_db: Array | None, noise: Array | None) -> Array:
        """Return what is heard of a clip with other levels, or noise (n_frames, n_bands) added.

        The pitches are those of the clip without noise.
        """
        power = self.spectra.power(clip, speed)
        noisy = power if noise is None else power + noise
        return self.front_end.hear(noisy, self.spectra.salience(clip, speed), gains_db)

    def noise_floor(self, clip: int) -> Array:
        """Return the power of every band's noise in a clip, of the mean 1."""
        if clip not in self._floors:
            power = self.spectra.power(clip, self.spectra.as_recorded)
            floor = np.percentile(power, self.front_end.noise_percentile, axis=0)
            self._floors[clip] = (floor / max(floor.mean(), _NOISE_FLOOR)).astype(np.float32)
        return self._floors[clip]

    def loudness(self, clip: int, speed: int) -> tuple[int, float]:
        """Return a clip's frames, and the mean power of its loud ones' bands."""
        power = self.spectra.power(clip, speed)
        return len(power), float(np.percentile(power.mean(axis=1), _LOUD_PERCENTILE))
