"""Steps from waveform to waveform."""

from __future__ import annotations

import pickle
import tracemalloc

import joblib
import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.pipeline import make_pipeline

from sklearn_ser import (
    AudioClips,
    MFCCTransformer,
    NoiseReducer,
    PeakNormalizer,
    PreEmphasis,
    SilenceTrimmer,
    WaveformCropper,
)
from sklearn_ser.audio import read_audio, write_audio
from sklearn_ser.audio._trim import sounding_span
from sklearn_ser.exceptions import AudioError

SAMPLES = st.floats(-1, 1, width=32, allow_subnormal=True)
WAVES = st.integers(1, 700).flatmap(lambda n: arrays(np.float32, n, elements=SAMPLES))
STEPS = [WaveformCropper(), SilenceTrimmer(), PeakNormalizer(), PreEmphasis(), NoiseReducer()]


def apply(step, waveform):
    """Return one waveform after a step."""
    return step.fit_transform([waveform])[0]


def padded_burst(seed: int, n_samples: int = 9000) -> np.ndarray:
    """Noise that swells and fades between faint noise, as a word does."""
    rng = np.random.default_rng(seed)
    level = np.full(n_samples, 1e-5)
    start, stop = sorted(rng.integers(0, n_samples, 2))
    level[start:stop] += np.hanning(stop - start)
    return (level * rng.normal(size=n_samples)).astype(np.float32)


def real_waveforms(corpora) -> list[np.ndarray]:
    files = sorted((corpora / "ravdess").glob("Actor_*/*.flac"))[::90]
    files += sorted((corpora / "crema_d" / "AudioWAV").glob("*.flac"))[::400]
    assert files
    return [read_audio(file)[0] for file in files]


class TestWaveformCropper:
    def test_cropping_and_padding(self, speech) -> None:
        cropped = WaveformCropper(duration=0.2, pad=True).fit_transform(speech)
        assert {len(wave) for wave in cropped} == {3200}
        short = next(i for i, wave in enumerate(speech) if len(wave) < 3200)
        np.testing.assert_array_equal(cropped[short][: len(speech[short])], speech[short])
        assert not cropped[short][len(speech[short]) :].any()
        assert cropped.speakers.tolist() == speech.speakers.tolist()

    def test_an_offset_leaves_out_the_start(self, speech) -> None:
        clips = WaveformCropper(offset=0.01).fit_transform(speech)
        np.testing.assert_array_equal(clips[0], speech[0][160:])

    def test_an_offset_beyond_the_end_names_the_clip(self, speech) -> None:
        clips = WaveformCropper(offset=10.0).fit_transform(speech)
        with pytest.raises(AudioError, match=r"X\[3\]: .*no samples"):
            clips[3]

    def test_a_duration_must_be_positive(self, speech) -> None:
        with pytest.raises(ValueError, match="'duration' parameter of WaveformCropper must be"):
            WaveformCropper(duration=0).fit(speech)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
class TestWhatAllStepsShare:
    """They are lazy, keep what is known of the clips, and take every form of speech."""

    def test_speakers_and_number_stay(self, step, speech) -> None:
        changed = step.fit_transform(speech)
        assert isinstance(changed, AudioClips)
        assert changed.speakers.tolist() == speech.speakers.tolist()
        assert all(len(wave) for wave in changed)

    def test_all_forms_give_the_same(self, step, speech) -> None:
        table = np.stack([wave[:1600] for wave in speech[:4]])
        expected = [wave.tolist() for wave in step.fit_transform(list(table))]
        for form in (table, AudioClips(table), tuple(table)):
            assert [wave.tolist() for wave in step.fit_transform(form)] == expected

    def test_nothing_is_computed_before_a_clip_is_touched(self, step, sound_files) -> None:
        clips = step.fit_transform(AudioClips.from_files([*sound_files, "missing.wav"]))
        assert not clips.in_memory
        assert len(clips[0])

    def test_an_unfitted_step_and_a_pickle_give_the_same(self, step, speech) -> None:
        expected = step.transform(speech)[2]
        again = pickle.loads(pickle.dumps(step.transform(speech)))[2]
        np.testing.assert_array_equal(again, expected)

    def test_cache_keys_follow_parameters(self, step, speech) -> None:
        keys = step.transform(speech[:2]).cache_keys()
        assert keys == type(step)(**step.get_params()).transform(speech[:2]).cache_keys()
        assert not set(keys) & set(speech[:2].cache_keys())

    def test_set_output_leaves_clips_alone(self, step, speech) -> None:
        changed = type(step)().set_output(transform="pandas").fit_transform(speech[:3])
        assert isinstance(changed, AudioClips)

    def test_another_rate_is_refused(self, step, speech) -> None:
        with pytest.raises(AudioError, match=f"{type(step).__name__} expects 16000 Hz"):
            step.fit(AudioClips([np.ones(100)], sample_rate=8000))

    @given(waveform=WAVES, gain=st.sampled_from([1.0, 1e-30, 1e30]))
    def test_any_waveform_stays_finite(self, step, waveform, gain) -> None:
        changed = apply(step, waveform * np.float32(gain))
        assert changed.dtype == np.float32
        assert len(changed) <= len(waveform)
        assert np.isfinite(changed).all()

    @pytest.mark.parametrize("n_samples", [1, 2, 3, 159, 511, 512, 513, 4097])
    @pytest.mark.parametrize("value", [0.0, 1.0, -0.25])
    def test_silence_and_constants(self, step, n_samples, value) -> None:
        waveform = np.full(n_samples, value, np.float32)
        changed = apply(step, waveform)
        assert len(changed) == n_samples
        assert changed.any() == bool(value)

    @pytest.mark.parametrize("sample_rate", [1, 40, 8000, 24414, 96000])
    def test_any_rate(self, step, sample_rate) -> None:
        waveform = np.random.default_rng(0).normal(size=5000)
        changed = type(step)(sample_rate=sample_rate).fit_transform([waveform])[0]
        assert 0 < len(changed) <= 5000


class TestSilenceTrimmer:
    @pytest.mark.parametrize(("frame_length", "hop_length"), [(2048, 512), (400, 160), (401, 37)])
    @pytest.mark.parametrize("top_db", [20, 60, 90.5])
    @pytest.mark.parametrize("ref", ["max", 1.0, 0.01])
    def test_parity_with_librosa(self, frame_length, hop_length, top_db, ref) -> None:
        rng = np.random.default_rng(1)
        waves = [padded_burst(seed, n) for seed, n in enumerate([9000, 700, 5000, 8192])]
        waves += [rng.normal(size=n).astype(np.float32) for n in (1, 2, 500, 1600, 3000)]
        assert_spans_are_librosas(waves, top_db, ref, frame_length, hop_length)

    @pytest.mark.parametrize("lengths", [(2048, 512), (400, 160)])
    @pytest.mark.parametrize("top_db", [20, 30, 60])
    def test_parity_on_real_clips(self, corpora, lengths, top_db) -> None:
        assert_spans_are_librosas(real_waveforms(corpora), top_db, "max", *lengths)

    @given(waveform=WAVES, top_db=st.floats(0.5, 100), hop_length=st.integers(1, 50))
    def test_a_part_of_the_clip_comes_out(self, waveform, top_db, hop_length) -> None:
        trimmer = SilenceTrimmer(top_db, frame_length=64, hop_length=hop_length)
        part = apply(trimmer, waveform)
        assert 0 < len(part) <= len(waveform)
        assert part.tobytes() in waveform.tobytes()

    def test_the_span_is_the_part_that_sounds(self) -> None:
        clip = np.zeros(16000, np.float32)
        clip[4000:8000] = 0.5
        part = apply(SilenceTrimmer(), clip)
        assert 4000 <= len(part) <= 4000 + 4 * 160

    def test_a_margin_is_kept_on_both_sides_as_far_as_there_is_any(self) -> None:
        clip = np.zeros(16000, np.float32)
        clip[1600:8000] = 0.5
        start, stop = sounding_span(clip, top_db=60, ref=None, frame_length=400, hop_length=160)
        part = apply(SilenceTrimmer(margin=0.05), clip)
        np.testing.assert_array_equal(part, clip[start - 800 : stop + 800])
        np.testing.assert_array_equal(apply(SilenceTrimmer(margin=5.0), clip), clip)

    def test_a_clip_below_the_reference_is_kept_whole(self) -> None:
        quiet = np.full(1000, 1e-4, np.float32)
        assert len(apply(SilenceTrimmer(ref=1.0), quiet)) == 1000
        assert len(librosa.effects.trim(quiet, ref=1.0)[0]) == 0

    def test_a_sound_in_the_last_frame_only_is_not_lost(self) -> None:
        clip = np.zeros(400, np.float32)
        clip[-1] = 1.0
        trimmer = SilenceTrimmer(frame_length=20, hop_length=100)
        assert len(apply(trimmer, clip)) == 400

    @pytest.mark.parametrize(
        "parameters",
        [{"top_db": 0}, {"ref": "mean"}, {"ref": 0}, {"margin": -1}, {"hop_length": 0}],
    )
    def test_wrong_parameters_are_named(self, parameters, speech) -> None:
        (name,) = parameters
        with pytest.raises(ValueError, match=f"'{name}' parameter of SilenceTrimmer must be"):
            SilenceTrimmer(**parameters).fit(speech)


def assert_spans_are_librosas(waves, top_db, ref, frame_length, hop_length) -> None:
    level = np.max if ref == "max" else ref
    trimmer = SilenceTrimmer(top_db, ref=ref, frame_length=frame_length, hop_length=hop_length)
    lengths = {"frame_length": frame_length, "hop_length": hop_length}
    for wave in waves:
        expected, span = librosa.effects.trim(wave, top_db=top_db, ref=level, **lengths)
        ours = sounding_span(wave, top_db=top_db, ref=None if ref == "max" else ref, **lengths)
        assert ours == tuple(span)
        if len(expected):
            np.testing.assert_array_equal(apply(trimmer, wave), expected)


class TestPeakNormalizer:
    @given(waveform=WAVES, peak=st.floats(1e-3, 100))
    def test_the_peak_is_exact_and_the_shape_stays(self, waveform, peak) -> None:
        scaled = apply(PeakNormalizer(peak), waveform)
        if not waveform.any():
            assert not scaled.any()
            return
        assert np.abs(scaled).max() == np.float32(peak)
        exact = waveform.astype(np.float64) * (peak / float(np.abs(waveform).max()))
        np.testing.assert_array_equal(scaled, exact.astype(np.float32))

    def test_twice_is_once(self, speech) -> None:
        once = PeakNormalizer(0.7).fit_transform(speech)
        twice = PeakNormalizer(0.7).fit_transform(once)
        np.testing.assert_allclose(twice[0], once[0], rtol=1e-7)

    @pytest.mark.parametrize("peak", [0, -1, np.inf, "loud"])
    def test_a_peak_is_positive(self, peak, speech) -> None:
        with pytest.raises(ValueError, match="'peak' parameter of PeakNormalizer must be"):
            PeakNormalizer(peak).fit(speech)

    def test_a_peak_that_float32_cannot_hold_is_told(self, speech) -> None:
        with pytest.raises(AudioError, match=r"X\[0\]: _scale_to_peak: .*NaN or infinity"):
            PeakNormalizer(1e39).fit_transform(speech)[0]


class TestPreEmphasis:
    @given(waveform=WAVES, coef=st.floats(0, 1))
    def test_parity_with_librosa(self, waveform, coef) -> None:
        ours = apply(PreEmphasis(coef), waveform)
        if len(waveform) > 1:
            expected = librosa.effects.preemphasis(waveform, coef=coef)
            np.testing.assert_allclose(ours, expected, rtol=2e-6, atol=2e-7)

    def test_parity_on_real_clips(self, corpora) -> None:
        for wave in real_waveforms(corpora):
            expected = librosa.effects.preemphasis(wave)
            np.testing.assert_allclose(apply(PreEmphasis(), wave), expected, atol=1e-7)

    def test_one_sample_counts_as_constant(self) -> None:
        assert apply(PreEmphasis(), [0.25]).tolist() == [0.5]
        assert apply(PreEmphasis(), [0.25, 0.25])[0] == 0.5

    @pytest.mark.parametrize("coef", [-0.1, 1.1])
    def test_a_coefficient_is_a_share(self, coef, speech) -> None:
        with pytest.raises(ValueError, match="'coef' parameter of PreEmphasis must be"):
            PreEmphasis(coef).fit(speech)

    def test_an_overflow_names_the_clip(self) -> None:
        clips = PreEmphasis().fit_transform([[3e38, -3e38]])
        with pytest.raises(AudioError, match=r"X\[0\]: _pre_emphasise: .*NaN or infinity"):
            clips[0]


class TestChains:
    def test_a_chain_equals_its_steps_one_by_one(self, speech) -> None:
        chain = make_pipeline(*STEPS[1:], MFCCTransformer(pooling="mean_std"))
        clips = list(speech)
        for step in STEPS[1:]:
            clips = [wave.copy() for wave in step.fit_transform(clips)]
        alone = MFCCTransformer(pooling="mean_std").fit_transform(clips)
        np.testing.assert_array_equal(chain.fit_transform(speech), alone)

    def test_each_clip_is_kept_by_its_steps(self, speech, tmp_path) -> None:
        memory = joblib.Memory(tmp_path, verbose=0)

        def features(top_db):
            steps = SilenceTrimmer(top_db), MFCCTransformer(pooling="mean", memory=memory)
            return make_pipeline(*steps).fit_transform(speech)

        first = features(20.0)
        n_kept = len(list(tmp_path.rglob("output.pkl")))
        np.testing.assert_array_equal(features(20.0), first)
        assert len(list(tmp_path.rglob("output.pkl"))) == n_kept
        features(30.0)
        assert len(list(tmp_path.rglob("output.pkl"))) == 2 * n_kept

    @pytest.mark.parametrize("n_steps", [0, 1, 2, 3])
    def test_memory_does_not_grow_with_the_number_of_clips(self, n_steps, tmp_path) -> None:
        steps = [NoiseReducer(), SilenceTrimmer(), PeakNormalizer()][:n_steps]
        path = tmp_path / "second.wav"
        write_audio(path, np.random.default_rng(0).uniform(-1, 1, 16000), 16000)
        chain = make_pipeline(*steps, MFCCTransformer(pooling="mean", n_jobs=1))
        few, many = (AudioClips.from_files([path] * n) for n in (5, 85))
        chain.fit_transform(few)  # what is made once a process
        growth = peak_memory(chain, many) - peak_memory(chain, few)
        assert growth < 2 * few[0].nbytes  # 80 clips more


def peak_memory(chain, clips) -> int:
    tracemalloc.start()
    try:
        chain.fit_transform(clips)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
