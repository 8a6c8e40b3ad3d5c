"""What all extractors share: lengths, caching, processes, output containers, pickles."""

from __future__ import annotations

import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_ser import (
    AudioClips,
    ChromaTransformer,
    FrameFeaturesTransformer,
    MelSpectrogramTransformer,
    MFCCTransformer,
    RMSEnergyTransformer,
    SequenceFlattener,
    SequenceScaler,
    SpectralShapeTransformer,
    WaveformCropper,
    ZeroCrossingRateTransformer,
)
from sklearn_ser.exceptions import AudioError

EXTRACTORS = [
    ZeroCrossingRateTransformer(),
    RMSEnergyTransformer(deltas=1),
    MFCCTransformer(deltas=2),
    MelSpectrogramTransformer(to_db=False),
    FrameFeaturesTransformer(("zcr", "rms", "mfcc", "mel")),
    FrameFeaturesTransformer(("zcr", "rms", "mfcc", "mel", "chroma", "centroid", "flux")),
    ChromaTransformer(tuning=None),
    SpectralShapeTransformer(pooling="mean_std"),
    MFCCTransformer(pooling="mean_std"),
    FrameFeaturesTransformer(pooling=("mean", "p05", "slope", "kurtosis")),
]
every_extractor = pytest.mark.parametrize("extractor", EXTRACTORS, ids=repr)


@every_extractor
def test_output_is_contiguous_float32_and_the_same_however_it_is_made(extractor, speech) -> None:
    features = clone(extractor).fit_transform(speech)
    assert features.dtype == np.float32
    assert features.flags.c_contiguous
    assert len(features) == len(speech)
    np.testing.assert_array_equal(clone(extractor).fit(speech).transform(speech), features)
    np.testing.assert_array_equal(clone(extractor).fit_transform(list(speech)), features)
    parallel = clone(extractor).set_params(n_jobs=2)
    np.testing.assert_array_equal(parallel.fit_transform(speech), features)


@every_extractor
def test_lazy_cached_and_parallel_are_equal_to_the_bit(extractor, sound_files, tmp_path) -> None:
    lazy = AudioClips.from_files(sound_files)
    expected = clone(extractor).fit_transform(lazy.load())
    cached = clone(extractor).set_params(memory=str(tmp_path / "cache"))
    for clips in (lazy, lazy.load()):
        for _ in range(2):
            np.testing.assert_array_equal(cached.fit_transform(clips), expected)
    parallel = clone(cached).set_params(n_jobs=2).fit_transform(lazy)
    np.testing.assert_array_equal(parallel, expected)


def test_the_cache_answers_without_reading_the_file(sound_files, tmp_path, monkeypatch) -> None:
    clips = AudioClips.from_files(sound_files)
    extractor = MFCCTransformer(pooling="mean", memory=tmp_path / "cache")
    expected = extractor.fit_transform(clips)

    def refuse(*args, **kwargs):
        raise AssertionError("the file was read again")

    monkeypatch.setattr("sklearn_ser.audio._store.read_audio", refuse)
    np.testing.assert_array_equal(extractor.transform(clips), expected)
    with pytest.raises(AssertionError, match="read again"):
        extractor.set_params(n_mfcc=13).fit_transform(clips)
    with pytest.raises(AssertionError, match="read again"):
        extractor.fit_transform(WaveformCropper(0.05).fit_transform(clips))


def test_a_changed_file_is_extracted_again(tmp_path, sound_files) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(Path(sound_files[0]).read_bytes())
    extractor = RMSEnergyTransformer(pooling="mean", memory=joblib.Memory(tmp_path, verbose=0))
    before = extractor.fit_transform(AudioClips.from_files([path]))
    path.write_bytes(Path(sound_files[1]).read_bytes())
    after = extractor.transform(AudioClips.from_files([path]))
    assert before != after


def test_a_missing_cache_folder_is_ignored_at_predict_and_not_made(speech, tmp_path) -> None:
    folder = tmp_path / "cache"
    extractor = MFCCTransformer(pooling="mean", memory=str(folder)).fit(speech)
    assert not any(folder.rglob("*.pkl"))
    features = pickle.loads(pickle.dumps(extractor.set_params(memory=str(tmp_path / "gone"))))
    assert features.transform(speech).shape == (40, 20)
    assert not (tmp_path / "gone").exists()


def test_a_cache_made_by_fit_is_filled_by_transform(sound_files, tmp_path, monkeypatch) -> None:
    clips = AudioClips.from_files(sound_files)
    extractor = MFCCTransformer(pooling="mean", memory=tmp_path / "cache").fit(clips)
    expected = extractor.transform(clips)

    def refuse(*args, **kwargs):
        raise AssertionError("the file was read again")

    monkeypatch.setattr("sklearn_ser.audio._store.read_audio", refuse)
    np.testing.assert_array_equal(extractor.transform(clips), expected)


def test_an_impossible_cache_folder_is_told_at_fit(speech, tmp_path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(AudioError, match=r"memory='.*cache' cannot be written"):
        MFCCTransformer(memory=str(blocked / "cache")).fit_transform(speech)


def test_lengths_are_learned_from_the_training_clips(speech) -> None:
    extractor = RMSEnergyTransformer().fit(speech)
    longest = max(len(wave) for wave in speech)
    assert extractor.n_frames_ == 1 + longest // 160
    other = extractor.transform([np.ones(16000), np.ones(160)])
    assert other.shape == (2, extractor.n_frames_, 1)
    assert other[0].all()
    assert other[1, :2].all()
    assert not other[1, 2:].any()
    assert RMSEnergyTransformer(n_frames=7).fit_transform(speech).shape == (40, 7, 1)
    assert RMSEnergyTransformer(pooling="mean").fit(speech).n_frames_ is None


def test_clips_shorter_than_a_window_are_padded() -> None:
    for center in (True, False):
        extractor = FrameFeaturesTransformer(("zcr", "rms", "mel", "mfcc"), center=center)
        features = extractor.fit_transform([np.array([0.5], dtype=np.float32)])
        assert features.shape[1] == 1
        assert np.isfinite(features).all()


def test_names_follow_the_columns(speech) -> None:
    extractor = FrameFeaturesTransformer(
        ("rms", "mfcc"), n_mfcc=2, deltas=1, pooling=("mean", "p95")
    )
    table = extractor.set_output(transform="pandas").fit_transform(speech)
    assert isinstance(table, pd.DataFrame)
    assert table.columns[:3].tolist() == ["rms_mean", "mfcc_0_mean", "mfcc_1_mean"]
    assert table.columns[-1] == "mfcc_1_delta_p95"
    assert extractor.coefficient_names_[3:] == ["rms_delta", "mfcc_0_delta", "mfcc_1_delta"]


def test_forms_that_are_no_table_pass_any_output_setting(speech) -> None:
    steps = make_pipeline(
        WaveformCropper(0.2), MFCCTransformer(), SequenceScaler(), SequenceFlattener()
    )
    expected = steps.fit_transform(speech)
    chosen = clone(steps[:-1]).set_output(transform="pandas").fit_transform(speech)
    assert isinstance(chosen, np.ndarray)
    with config_context(transform_output="pandas"):
        table = clone(steps).fit_transform(speech)
        clips = WaveformCropper(0.2).fit_transform(speech)
    assert isinstance(table, pd.DataFrame)
    assert isinstance(clips, AudioClips)
    np.testing.assert_array_equal(table, expected)


def test_sequences_have_no_column_names(speech) -> None:
    assert not hasattr(MFCCTransformer().fit(speech), "get_feature_names_out")


def test_fitted_extractors_travel(speech) -> None:
    extractor = MFCCTransformer().fit(speech)
    again = pickle.loads(pickle.dumps(extractor))
    np.testing.assert_array_equal(again.transform(speech[:3]), extractor.transform(speech[:3]))


def test_a_progress_bar_is_shown_where_asked(speech, capsys) -> None:
    MFCCTransformer(pooling="mean").fit_transform(speech)
    assert capsys.readouterr().err == ""
    MFCCTransformer(pooling="mean", verbose=1).fit_transform(speech)
    assert "MFCCTransformer: 100%" in capsys.readouterr().err


def test_the_width_of_arrays_is_fixed_lists_are_free(speech) -> None:
    extractor = MFCCTransformer(pooling="mean").fit(np.ones((4, 800)))
    with pytest.raises(ValueError, match=r"is expecting 800 features.*pass list\(X\)"):
        extractor.transform(np.ones((4, 900)))
    assert extractor.transform(list(np.ones((4, 900)))).shape == (4, 20)
    extractor.fit(speech)
    assert extractor.transform(np.ones((4, 900))).shape == (4, 20)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_mfcc": 0}, "'n_mfcc' parameter of MFCCTransformer must be"),
        ({"pooling": "mode"}, "mode"),
        ({"pooling": ("mean", "stdd")}, "std"),
        ({"win_length": 800, "n_fft": 512}, "win_length=800 is longer than n_fft=512"),
        ({"n_mfcc": 80}, "n_mfcc"),
        ({"window": "hannn"}, "window"),
        ({"fmin": 9000.0}, "fmin|fmax"),
        ({"deltas": 3}, "'deltas' parameter"),
        ({"sample_rate": 0}, "'sample_rate' parameter"),
    ],
)
def test_impossible_parameters_are_refused(parameters, message, speech) -> None:
    with pytest.raises(ValueError, match=message):
        MFCCTransformer(**parameters).fit(speech)


def test_an_unknown_feature_is_refused(speech) -> None:
    with pytest.raises(ValueError, match="mfcc"):
        FrameFeaturesTransformer(("mfc",)).fit(speech)
