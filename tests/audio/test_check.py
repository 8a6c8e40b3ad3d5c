"""check_clips: what people have becomes AudioClips; the rest is one clear error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_ser import MFCCTransformer
from sklearn_ser.audio import AudioClips, check_clips
from sklearn_ser.exceptions import AudioError

WAVES = [np.linspace(-1, 1, 500, dtype=np.float32), np.zeros(300, dtype=np.float32)]


def objects(waves: list) -> np.ndarray:
    array = np.empty(len(waves), dtype=object)
    array[:] = waves
    return array


@pytest.mark.parametrize(
    "X",
    [
        WAVES,
        tuple(WAVES),
        objects(WAVES),
        pd.Series(WAVES),
        iter(WAVES),
        [w.tolist() for w in WAVES],
    ],
    ids=["list", "tuple", "objects", "series", "iterator", "lists"],
)
def test_all_usual_forms_become_clips(X) -> None:
    clips = check_clips(X)
    assert [len(wave) for wave in clips] == [500, 300]
    np.testing.assert_allclose(clips[0], WAVES[0])


def test_rows_of_an_array_are_clips() -> None:
    assert check_clips(np.ones((3, 20))).shape == (3,)
    assert check_clips(pd.DataFrame(np.ones((3, 20)))).shape == (3,)


def test_clips_pass_as_they_are(speech) -> None:
    assert check_clips(speech) is speech


@pytest.mark.parametrize(
    ("dtype", "lowest"), [(np.int16, -(2**15)), (np.int32, -(2**31)), (np.uint8, 0)]
)
@pytest.mark.parametrize("form", [list, np.vstack])
def test_samples_of_sound_files_are_scaled(dtype, lowest, form) -> None:
    clips = check_clips(form([np.array([lowest, lowest], dtype=dtype)]))
    np.testing.assert_array_equal(clips[0], [-1.0, -1.0])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (WAVES[0], r"X is one 1-D waveform.*wrap the waveform in a list"),
        (WAVES[0].tolist(), r"X is one 1-D waveform"),
        ("a.wav", r"X is one path \('a.wav'\).*Wrap it in a list"),
        (Path("a.wav"), r"X is one path"),
        (["a.wav"], r"X\[0\] is a path \('a.wav'\).*Put AudioLoader first"),
        (pd.Series(["a.wav"]), r"X\[0\] is a path"),
        ((WAVES[0], 22050), r"X is a \(waveform, sample_rate\) tuple.*sample_rate=22050"),
        ([(WAVES[0], 22050)], r"X\[0\] is a \(waveform, sample_rate\) tuple"),
        (np.zeros((2000, 2)), r"looks like \(samples, channels\)"),
        ([np.zeros((2, 2000))], r"X\[0\] has shape \(2, 2000\)"),
        ([WAVES[0], [0.0, np.nan]], r"X\[1\] contains NaN or infinity"),
        (np.array([[0.0], [np.inf]]), r"X\[1\] contains NaN or infinity"),
        ([WAVES[0], []], r"X\[1\] has no samples"),
        ([], "holds no clips"),
        (3, "X is int"),
        (None, "X is NoneType"),
        ([None], r"X\[0\] has shape \(\)"),
        (AudioClips([[0.0]], 8000), r"clips are at 8000 Hz and MFCCTransformer expects 16000 Hz"),
    ],
)
def test_everything_else_is_refused_with_the_mend(X, message) -> None:
    with pytest.raises(AudioError, match=message):
        MFCCTransformer().fit(X)


def test_what_scikit_learn_refuses_it_refuses_itself() -> None:
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        check_clips(sparse.eye_array(3))
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        check_clips(np.zeros((0, 5)))
    with pytest.raises(ValueError, match="dim 3"):
        check_clips(np.zeros((2, 2, 2)))


def test_a_few_short_rows_are_clips_not_channels() -> None:
    assert check_clips(np.zeros((999, 2))).shape == (999,)
    assert check_clips(np.zeros((2000, 9))).shape == (2000,)
