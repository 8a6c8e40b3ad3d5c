"""AudioLoader: one saved model takes paths, clips and arrays alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_ser import AudioClips, AudioLoader
from sklearn_ser.exceptions import AudioError, AudioReadError, AudioWarning


@pytest.mark.parametrize("form", [list, tuple, np.array, pd.Series, lambda p: [Path(x) for x in p]])
def test_paths_become_lazy_clips(sound_files, speech, form) -> None:
    clips = AudioLoader().fit_transform(form(sound_files))
    assert not clips.in_memory
    np.testing.assert_allclose(clips[1], speech[1], atol=1e-4)


def test_files_clips_and_waveforms_are_cropped_alike(sound_files) -> None:
    loader = AudioLoader(offset=0.02, duration=0.05)
    from_files = loader.fit_transform(sound_files)
    whole = AudioClips.from_files(sound_files)
    for X in (whole, whole.load(), list(whole)):
        clips = loader.fit_transform(X)
        for clip, expected in zip(clips, from_files, strict=True):
            np.testing.assert_array_equal(clip, expected)


def test_clips_of_another_rate_are_resampled(speech) -> None:
    clips = AudioLoader(sample_rate=8000).fit_transform(speech)
    assert clips.sample_rate == 8000
    assert clips.speakers.tolist() == speech.speakers.tolist()
    assert len(clips[0]) == pytest.approx(len(speech[0]) / 2, abs=1)


def test_errors_come_when_a_file_is_touched(sound_files) -> None:
    clips = AudioLoader().fit_transform([sound_files[0], "gone.wav"])
    with pytest.raises(AudioReadError, match=r"gone\.wav does not exist"):
        clips.load()
    silent = AudioLoader(on_error="silence").fit_transform([sound_files[0], "gone.wav"])
    with pytest.warns(AudioWarning, match=r"gone\.wav"):
        assert not silent[1].any()


def test_one_path_and_mixtures_are_refused(sound_files) -> None:
    with pytest.raises(AudioError, match="Wrap it in a list"):
        AudioLoader().fit_transform(sound_files[0])
    with pytest.raises(AudioError, match="mixes paths and waveforms"):
        AudioLoader().fit_transform([sound_files[0], np.zeros(10)])


def test_impossible_parameters_are_refused(speech) -> None:
    with pytest.raises(ValueError, match="'offset' parameter of AudioLoader must be"):
        AudioLoader(offset=-1).fit(speech)
    with pytest.raises(ValueError, match="'on_error' parameter of AudioLoader must be"):
        AudioLoader(on_error="skip").fit(speech)
