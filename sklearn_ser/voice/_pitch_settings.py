"""How the pitch is tracked."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["PitchSettings"]


@dataclass(frozen=True)
class PitchSettings:
    """How the pitch is tracked.

    Attributes
    ----------
    sample_rate : int
        Samples a second.
    hop_length : int
        Samples from one frame to the next; frame t is centred on sample ``t * hop_length``.
    fmin : float, default=60.0
        Lowest pitch in Hz. The window is three of its periods long.
    fmax : float, default=600.0
        Highest pitch in Hz.
    voicing_threshold : float, default=0.5
        Height of the autocorrelation from which a frame of full level rather is voiced.
    silence_threshold : float, default=0.03
        Level, as a share of the clip's loudest frame, around which frames count as silent.
    octave_cost : float, default=0.01
        What a candidate loses for every octave below another: it settles ties. The weaker a
        candidate, the more, up to three times as much.
    jump_cost : float, default=0.35
        What the path pays for a leap of an octave from one frame to the next.
    voicing_cost : float, default=0.14
        What it pays for going from a voiced to an unvoiced frame or back. Both costs are those at
        100 frames a second; they grow with the frame rate.

    Raises
    ------
    ValueError
        If a value, or a combination of them, makes no sense.
    """

    sample_rate: int
    hop_length: int
    fmin: float = 60.0
    fmax: float = 600.0
    voicing_threshold: float = 0.5
    silence_threshold: float = 0.03
    octave_cost: float = 0.01
    jump_cost: float = 0.35
    voicing_cost: float = 0.14

    def __post_init__(self) -> None:
        if self.sample_rate < 1 or self.hop_length < 1:
            raise ValueError(
                f"sample_rate={self.sample_rate} and hop_length={self.hop_length} must be at least "
                "1"
            )
        if not 0 < self.fmin < self.fmax < math.inf:
            raise ValueError(
                f"fmin={self.fmin} and fmax={self.fmax} span no band: 0 < fmin < fmax is needed"
            )
        if self.fmax > self.sample_rate / 4:
            raise ValueError(
                f"fmax={self.fmax} is above a quarter of sample_rate={self.sample_rate}: lower it "
                f"to {self.sample_rate / 4:g} at most"
            )

    @property
    def frames_per_second(self) -> float:
        """Frames a second."""
        return self.sample_rate / self.hop_length

    def count_frames(self, n_samples: int) -> int:
        """Count the frames of a clip.

        Parameters
        ----------
        n_samples : int
            Length of the clip.

        Returns
        -------
        int
            Number of frames, at least 1.
        """
        return 1 + n_samples // self.hop_length
