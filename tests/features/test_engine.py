"""The feature engine: forms, names, counts, edge cases and errors."""

from __future__ import annotations

import pickle
import re
import threading
import tracemalloc
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

import sklearn_ser.features._blocks as blocks
from sklearn_ser.exceptions import AudioWarning
from sklearn_ser.features._delta import delta_width_for, time_derivative
from sklearn_ser.features._engine import (
    FrameSettings,
    coefficient_names,
    count_frames,
    extract_frames,
    resolve_lengths,
)
from sklearn_ser.features._mel import mel_filter_bank

ALL = ("zcr", "rms", "mel", "mfcc")


def make_settings(features=ALL, **changes):
    lengths = {"n_fft": 512, "win_length": 400, "hop_length": 160, "frame_length": 400}
    values = {"sample_rate": 16000, "n_mels": 40, "n_mfcc": 13, **lengths, **changes}
    return FrameSettings(features=features, **values)


def noise(n_samples, seed=0, scale=0.1):
    rng = np.random.default_rng(seed)
    return (scale * rng.standard_normal(n_samples)).astype(np.float32)


class TestLengths:
    def test_speech_at_16_khz(self):
        assert resolve_lengths(16000) == (512, 400, 160, 400)

    def test_speech_at_48_khz(self):
        assert resolve_lengths(48000) == (2048, 1200, 480, 1200)

    def test_given_n_fft_is_the_window_as_in_librosa(self):
        assert resolve_lengths(16000, n_fft=1024) == (1024, 1024, 160, 1024)

    def test_given_win_length_sets_the_next_power_of_two(self):
        assert resolve_lengths(16000, win_length=513) == (1024, 513, 160, 513)
        assert resolve_lengths(16000, win_length=512)[0] == 512

    def test_all_given(self):
        assert resolve_lengths(22050, 2048, 1024, 512, 700) == (2048, 1024, 512, 700)

    def test_low_rates_still_step(self):
        assert resolve_lengths(20) == (1, 1, 1, 1)

    def test_window_longer_than_transform(self):
        with pytest.raises(
            ValueError, match="win_length=600 is longer than n_fft=512: raise n_fft to"
        ):
            resolve_lengths(16000, n_fft=512, win_length=600)

    @pytest.mark.parametrize("value", [0, -1, 2.5, True, "160"])
    def test_not_a_positive_whole_number(self, value):
        with pytest.raises(ValueError, match="hop_length must be a positive whole number, got"):
            resolve_lengths(16000, hop_length=value)


class TestSettings:
    def test_hashable_and_picklable(self):
        settings = make_settings(window=tuple(np.hanning(400)))
        copy = pickle.loads(pickle.dumps(settings))
        assert copy == settings
        assert hash(copy) == hash(settings)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"features": ()}, "features must be a non-empty tuple"),
            ({"features": "mfcc"}, "features must be a non-empty tuple of names"),
            ({"features": ("mfc",)}, "got 'mfc'. Did you mean 'mfcc'?"),
            ({"features": ("rms", "rms")}, "features names something twice"),
            ({"n_fft": 256}, "win_length=400 is longer than n_fft=256"),
            ({"hop_length": 0}, "hop_length must be a positive whole number"),
            ({"pad_mode": "reflct"}, "Did you mean 'reflect'?"),
            ({"pad_mode": "wrap"}, "pad_mode must be one of 'constant'"),
            ({"window": "hannn"}, "window='hannn' is no window that scipy.signal.get_window knows"),
            ({"window": (1.0, 1.0)}, "window has 2 samples but win_length is 400"),
            ({"window": ()}, "window has 0 samples but win_length is 400"),
            ({"fmin": 9000.0}, "fmin=9000.0 and fmax=None span no band at sample_rate=16000"),
            ({"fmin": 500.0, "fmax": 400.0}, "fmin=500.0 and fmax=400.0 span no band"),
            ({"fmin": -1.0}, "0 <= fmin < fmax is needed"),
            ({"norm": "slany"}, "Did you mean 'slaney'?"),
            ({"power": 0.0}, "power must be above 0"),
            ({"amin": 0.0}, "amin must be above 0"),
            ({"top_db": -1.0}, "top_db must be at least 0, or None"),
            ({"n_mels": 0}, "n_mels must be a positive whole number"),
            ({"n_mfcc": 41}, "n_mfcc=41 coefficients cannot come from n_mels=40 bands"),
            ({"dct_type": 5}, "dct_type must be one of 1, 2, 3, 4; got 5"),
            ({"dct_type": 1, "n_mels": 1, "n_mfcc": 1}, "dct_type=1 needs at least 2 mel bands"),
            ({"dct_norm": "orto"}, "Did you mean 'ortho'?"),
            ({"lifter": -1.0}, "lifter must be at least 0"),
            ({"deltas": 3}, "deltas must be one of 0, 1, 2; got 3"),
            ({"delta_width": 4}, "delta_width must be an odd whole number of at least 3"),
        ],
    )
    def test_refused(self, changes, message):
        with pytest.raises(ValueError, match=re.escape(message)):
            make_settings(**changes)

    def test_only_what_is_used_is_checked(self):
        make_settings(("zcr", "rms"), n_mfcc=1000, fmin=1e6)
        make_settings(("mel",), n_mfcc=1000)


class TestNames:
    def test_order_of_columns(self):
        settings = make_settings(("mfcc", "zcr", "mel", "rms"), n_mfcc=2, n_mels=3)
        expected = ["mfcc_0", "mfcc_1", "zcr", "mel_0", "mel_1", "mel_2", "rms"]
        assert coefficient_names(settings) == expected

    def test_deltas_follow_all_statics(self):
        names = coefficient_names(make_settings(("rms", "mfcc"), n_mfcc=2, deltas=2))
        assert names[3:] == [
            *("rms_delta", "mfcc_0_delta", "mfcc_1_delta"),
            *("rms_delta2", "mfcc_0_delta2", "mfcc_1_delta2"),
        ]

    @pytest.mark.parametrize("deltas", [0, 1, 2])
    def test_one_name_a_column(self, deltas):
        settings = make_settings(deltas=deltas)
        names = coefficient_names(settings)
        assert extract_frames(noise(4000), settings).shape[1] == len(names) == len(set(names))

    def test_columns_are_the_features_alone(self):
        together = extract_frames(noise(16000), make_settings())
        alone = [extract_frames(noise(16000), make_settings((name,))) for name in ALL]
        np.testing.assert_array_equal(together, np.hstack(alone))


class TestForm:
    def test_c_ordered_float32(self):
        frames = extract_frames(noise(16000), make_settings(deltas=1))
        assert frames.dtype == np.float32
        assert frames.flags.c_contiguous
        assert frames.shape == (101, 2 * 55)

    def test_input_is_left_alone(self):
        clip = noise(5000)
        before = clip.copy()
        clip.setflags(write=False)
        extract_frames(clip, make_settings())
        np.testing.assert_array_equal(clip, before)

    def test_float64_and_strided_input(self):
        clip = noise(8000)
        expected = extract_frames(clip, make_settings())
        np.testing.assert_array_equal(extract_frames(clip.astype(float), make_settings()), expected)
        spread = np.repeat(clip, 2)[::2]
        np.testing.assert_array_equal(extract_frames(spread, make_settings()), expected)

    @pytest.mark.parametrize("shape", [(), (2, 100)])
    def test_not_one_dimensional(self, shape):
        with pytest.raises(ValueError, match="waveform must be one-dimensional, got shape"):
            extract_frames(np.zeros(shape, np.float32), make_settings())

    @given(
        n_samples=st.integers(0, 3000),
        n_fft=st.integers(1, 700),
        hop_length=st.integers(1, 900),
        frame_length=st.integers(1, 700),
        center=st.booleans(),
        features=st.lists(st.sampled_from(("zcr", "rms", "mel")), min_size=1, unique=True),
        pad_mode=st.sampled_from(("constant", "edge", "reflect", "symmetric", "linear_ramp")),
    )
    def test_count_is_the_number_of_frames(self, n_samples, n_fft, features, pad_mode, **lengths):
        spectral = {"n_fft": n_fft, "win_length": n_fft, "n_mels": 1, "window": "boxcar"}
        settings = make_settings(
            tuple(features), pad_mode=pad_mode, fmin=100.0, norm=None, **spectral, **lengths
        )
        with np.errstate(all="raise"):
            frames = quiet_extract(noise(n_samples), settings)
        assert len(frames) == count_frames(n_samples, settings) >= 1
        assert np.isfinite(frames).all()


def quiet_extract(clip, settings):
    """Extract where filters may be empty."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioWarning)
        return extract_frames(clip, settings)


class TestShortAndSilent:
    @pytest.mark.parametrize("center", [True, False])
    @pytest.mark.parametrize("pad_mode", ["constant", "edge", "reflect", "symmetric"])
    @pytest.mark.parametrize("n_samples", [0, 1, 2, 100, 399])
    def test_shorter_than_a_window(self, n_samples, pad_mode, center):
        settings = make_settings(pad_mode=pad_mode, center=center, deltas=2)
        frames = extract_frames(noise(n_samples), settings)
        assert frames.shape == (count_frames(n_samples, settings), 165)
        assert np.isfinite(frames).all()

    def test_uncentred_short_clip_is_padded_at_its_end(self):
        settings = make_settings(center=False)
        padded = np.pad(noise(300), (0, 212))
        np.testing.assert_array_equal(
            extract_frames(noise(300), settings), extract_frames(padded, settings)
        )

    def test_silence(self):
        frames = extract_frames(np.zeros(8000, np.float32), make_settings(to_db=True, deltas=1))
        assert np.isfinite(frames).all()
        np.testing.assert_array_equal(frames[:, :2], 0)
        np.testing.assert_allclose(frames[:, 2:42], -100, rtol=1e-6)

    def test_silence_after_speech_is_exactly_zero(self):
        clip = np.concatenate([noise(8000, scale=1.0), np.zeros(8000, np.float32)])
        frames = extract_frames(clip, make_settings(("rms", "zcr", "mel")))
        np.testing.assert_array_equal(frames[-30:], 0)

    @pytest.mark.parametrize("scale", [1e-30, 1e-20, 1e-8, 1e4, 1e8])
    def test_any_level_is_finite(self, scale):
        frames = extract_frames(noise(8000, scale=scale), make_settings(to_db=True, deltas=2))
        assert np.isfinite(frames).all()

    def test_frames_are_cut_to_the_shortest_count(self):
        settings = make_settings(("rms", "mel"), center=False, frame_length=1000)
        both = extract_frames(noise(4000), settings)
        mel = extract_frames(noise(4000), make_settings(("mel",), center=False))
        assert len(both) == 1 + 3000 // 160 < len(mel)
        np.testing.assert_array_equal(both[:, 1:], mel[: len(both)])

    def test_top_db_begins_at_the_loudest_frame_even_if_that_is_cut_off(self):
        clip = np.concatenate([noise(3600, scale=1e-4), noise(400, scale=1.0)])
        settings = make_settings(("zcr", "mel"), center=False, frame_length=1000, to_db=True)
        mel = extract_frames(clip, replace(settings, features=("mel",)))
        both = extract_frames(clip, settings)
        np.testing.assert_array_equal(both[:, 1:], mel[: len(both)])


class TestRepeatable:
    def test_the_number_of_threads_of_blas(self):
        settings = make_settings(n_fft=2048, win_length=2048, n_mels=80, n_mfcc=40, deltas=2)
        results = []
        for limit in (1, 2):
            with threadpool_limits(limit):
                results.append(extract_frames(noise(120_000), settings))
        np.testing.assert_array_equal(*results)

    @pytest.mark.parametrize("frames_a_block", [1, 7, 64, 1000])
    def test_the_size_of_a_block(self, frames_a_block, monkeypatch):
        expected = extract_frames(noise(48_000), make_settings())
        monkeypatch.setattr(blocks, "_BLOCK_VALUES", 512 * frames_a_block)
        np.testing.assert_array_equal(extract_frames(noise(48_000), make_settings()), expected)

    def test_the_place_in_memory(self):
        expected = extract_frames(noise(9000), make_settings(center=False))
        buffer = np.zeros(9016, np.float32)
        for offset in (1, 2, 5):
            clip = buffer[offset : offset + 9000]
            clip[:] = noise(9000)
            frames = extract_frames(clip, make_settings(center=False))
            np.testing.assert_array_equal(frames, expected)

    def test_threads_do_not_meet(self):
        settings = make_settings(deltas=1)
        clips = [noise(16000 + 800 * i, seed=i) for i in range(8)]
        expected = [extract_frames(clip, settings) for clip in clips]
        failures = []

        def work(index):
            for _ in range(20):
                if not np.array_equal(extract_frames(clips[index], settings), expected[index]):
                    failures.append(index)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(len(clips))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures

    def test_results_do_not_share_memory(self):
        settings = make_settings(("mel",))
        first = extract_frames(noise(8000), settings)
        kept = first.copy()
        extract_frames(noise(8000, seed=1), settings)
        np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("top_db", [80.0, None])
def test_memory_of_a_long_clip_is_bounded(top_db):
    clip = np.sin(np.arange(16000 * 300) / 3).astype(np.float32)
    settings = make_settings(("mfcc",), top_db=top_db)
    extract_frames(clip[:16000], settings)
    tracemalloc.start()
    extract_frames(clip, settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    all_windowed_frames = len(clip) / 160 * 512 * 4
    assert peak < all_windowed_frames


class TestMelFilters:
    def test_read_only_and_kept(self):
        bank = mel_filter_bank(16000, 512, 40)
        assert bank is mel_filter_bank(16000, 512, 40)
        with pytest.raises(ValueError, match="read-only"):
            bank[0, 0] = 1

    def test_empty_bands_are_reported(self):
        settings = make_settings(("mel",), n_mels=200, fmin=1.25)
        with pytest.warns(AudioWarning, match=r"\d+ of 200 mel bands are always silent"):
            extract_frames(noise(1000), settings)


class TestDerivative:
    @pytest.mark.parametrize(
        ("n_frames", "expected"), [(0, 0), (2, 0), (3, 3), (4, 3), (8, 7), (9, 9), (50, 9)]
    )
    def test_width_that_fits(self, n_frames, expected):
        assert delta_width_for(n_frames, 9) == expected

    def test_of_a_line_and_a_parabola(self):
        times = np.arange(30, dtype=np.float32)
        frames = np.stack([3 * times, times**2], axis=1)
        np.testing.assert_allclose(time_derivative(frames)[:, 0], 3, rtol=1e-5)
        np.testing.assert_allclose(time_derivative(frames)[10:-10, 1], 2 * times[10:-10], rtol=1e-4)
        second = time_derivative(frames, order=2)
        np.testing.assert_allclose(second, np.tile([0, 2], (30, 1)), atol=1e-3)

    @pytest.mark.parametrize("n_frames", [1, 2])
    def test_too_few_frames_give_zeros(self, n_frames):
        np.testing.assert_array_equal(time_derivative(np.ones((n_frames, 2), np.float32)), 0)

    @pytest.mark.parametrize("n_frames", [3, 4, 8])
    def test_short_clips_take_what_fits(self, n_frames):
        frames = 2 * np.arange(n_frames, dtype=np.float32)[:, None]
        np.testing.assert_allclose(time_derivative(frames), 2, rtol=1e-5)
