"""Steps from waveform to waveform."""

from __future__ import annotations

import numpy as np
import pytest

from sklearn_ser import WaveformCropper
from sklearn_ser.exceptions import AudioError


def test_cropping_and_padding(speech) -> None:
    cropped = WaveformCropper(duration=0.2, pad=True).fit_transform(speech)
    assert {len(wave) for wave in cropped} == {3200}
    short = next(i for i, wave in enumerate(speech) if len(wave) < 3200)
    np.testing.assert_array_equal(cropped[short][: len(speech[short])], speech[short])
    assert not cropped[short][len(speech[short]) :].any()
    assert cropped.speakers.tolist() == speech.speakers.tolist()


def test_an_offset_leaves_out_the_start(speech) -> None:
    clips = WaveformCropper(offset=0.01).fit_transform(speech)
    np.testing.assert_array_equal(clips[0], speech[0][160:])


def test_an_offset_beyond_the_end_names_the_clip(speech) -> None:
    clips = WaveformCropper(offset=10.0).fit_transform(speech)
    with pytest.raises(AudioError, match=r"X\[3\]: .*no samples"):
        clips[3]


def test_a_duration_must_be_positive(speech) -> None:
    with pytest.raises(ValueError, match="'duration' parameter of WaveformCropper must be"):
        WaveformCropper(duration=0).fit(speech)
