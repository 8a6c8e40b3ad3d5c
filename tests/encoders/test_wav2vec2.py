"""The transformer as an estimator: parameters, cache, workers, pickles, bad input."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_ser import AudioClips, Wav2Vec2Transformer
from sklearn_ser.exceptions import AudioError, EncoderError, EncoderNotFoundError


@pytest.fixture
def counted(monkeypatch) -> list[int]:
    """How many clips each batch that is run has."""
    from sklearn_ser.encoders._torch import TorchEncoder

    sizes: list[int] = []
    run = TorchEncoder.run
    monkeypatch.setattr(
        TorchEncoder, "run", lambda self, inputs: sizes.append(len(inputs)) or run(self, inputs)
    )
    return sizes


class TestParameters:
    """These run where nothing of the extra is installed, too."""

    def test_clone_and_parameters_need_no_model(self):
        encoder = clone(Wav2Vec2Transformer("some/model", layer=(3, 6), quantize="int8"))
        assert encoder.get_params()["layer"] == (3, 6)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("layer", "al"),
            ("layer", 1.5),
            ("pooling", "max"),
            ("backend", "tf"),
            ("quantize", "int4"),
            ("batch_size", 0),
            ("n_frames", 0),
        ],
    )
    def test_values_that_are_refused(self, name, value):
        with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter"):
            Wav2Vec2Transformer(**{name: value}).fit([np.zeros(100)])

    @pytest.mark.parametrize(
        ("options", "what"),
        [
            ({"backend": "torch", "quantize": "int8"}, "set backend='onnx' or 'auto'"),
            ({"backend": "onnx", "device": "cuda"}, "goes with backend='torch'"),
            ({"quantize": "int8", "device": "cuda"}, "goes with backend='torch'"),
        ],
    )
    def test_what_does_not_go_together(self, options, what):
        with pytest.raises(ValueError, match=what):
            Wav2Vec2Transformer(**options).fit([np.zeros(100)])


class TestCache:
    def test_a_search_over_layers_costs_one_pass(self, tiny_encoder, clips, tmp_path, counted):
        model = make_pipeline(
            Wav2Vec2Transformer(tiny_encoder("wav2vec2"), memory=str(tmp_path)),
            LogisticRegression(),
        )
        grid = {
            "wav2vec2transformer__layer": [1, 2, 3],
            "wav2vec2transformer__pooling": ["mean", "mean_std"],
        }
        GridSearchCV(model, grid, cv=2).fit(clips, [0, 1, 0, 1, 0, 1])
        assert sum(counted) == len(clips)

    @pytest.mark.parametrize("pooling", ["mean_std", None])
    @pytest.mark.parametrize("layer", [2, (3, 1)])
    def test_what_is_kept_is_what_is_computed(
        self, layer, pooling, tiny_encoder, clips, tmp_path, counted
    ):
        plain = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer=layer, pooling=pooling)
        cached = clone(plain).set_params(memory=joblib.Memory(tmp_path, verbose=0))
        expected = plain.fit_transform(clips)
        first = cached.fit_transform(clips)
        n_batches = len(counted)
        again = cached.transform(clips)
        assert len(counted) == n_batches
        np.testing.assert_array_equal(first, again)
        assert first.dtype == expected.dtype
        half = {"rtol": 2e-3, "atol": 1e-3} if pooling is None else {"atol": 1e-5}
        np.testing.assert_allclose(first, expected, **half)

    def test_only_new_clips_are_computed(self, tiny_encoder, clips, tmp_path, counted):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), memory=str(tmp_path))
        encoder.fit_transform(clips[:4])
        counted.clear()
        found = encoder.transform(clips[::-1])
        assert sum(counted) == 2
        expected = Wav2Vec2Transformer(tiny_encoder("wav2vec2")).fit_transform(clips)[::-1]
        np.testing.assert_allclose(found, expected, atol=1e-5)

    def test_models_and_forms_are_told_apart(self, tiny_encoder, clips, tmp_path, counted):
        for family in ("wav2vec2", "hubert"):
            for pooling in ("mean", None):
                encoder = Wav2Vec2Transformer(
                    tiny_encoder(family), pooling=pooling, memory=str(tmp_path)
                )
                encoder.fit_transform(clips)
        assert sum(counted) == 4 * len(clips)

    def test_a_folder_that_is_gone_at_prediction_is_done_without(
        self, tiny_encoder, clips, tmp_path
    ):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), memory=str(tmp_path / "cache"))
        expected = encoder.fit_transform(clips)
        shutil.rmtree(tmp_path / "cache")
        np.testing.assert_allclose(encoder.transform(clips), expected, atol=1e-5)
        assert not (tmp_path / "cache").exists()


class TestRunning:
    def test_batches_are_of_like_length(self, tiny_encoder, clips, counted):
        Wav2Vec2Transformer(tiny_encoder("wav2vec2")).fit_transform(clips)
        assert counted == [1, 3, 1, 1]

    def test_batch_size_changes_nothing(self, tiny_encoder, clips, counted):
        one, many = (
            Wav2Vec2Transformer(tiny_encoder("wavlm"), batch_size=n).fit_transform(clips)
            for n in (1, 8)
        )
        assert max(counted) == 3
        np.testing.assert_allclose(one, many, atol=1e-5)

    @pytest.mark.usefixtures("new_workers")
    def test_two_workers(self, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer="all", pooling=None)
        expected = encoder.fit_transform(clips)
        found = encoder.set_params(n_jobs=2).transform(clips)
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-3)

    def test_clips_are_decoded_as_they_are_needed(self, tiny_encoder, sound_files):
        clips = AudioClips.from_files(sound_files)
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2")).fit(clips)
        np.testing.assert_array_equal(encoder.transform(clips), encoder.transform(clips.load()))

    def test_verbose_shows_a_bar(self, tiny_encoder, clips, capsys):
        Wav2Vec2Transformer(tiny_encoder("wav2vec2"), verbose=1).fit_transform(clips)
        assert "Wav2Vec2Transformer" in capsys.readouterr().err

    def test_order_is_the_clips_order(self, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2")).fit(clips)
        order = [3, 0, 5, 1]
        np.testing.assert_allclose(
            encoder.transform(clips[order]), encoder.transform(clips)[order], atol=1e-5
        )


class TestPickle:
    @pytest.mark.parametrize("is_used", [False, True])
    def test_weights_do_not_travel(self, is_used, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2")).fit(clips)
        if is_used:
            encoder.transform(clips)
        sent = pickle.dumps(encoder)
        assert len(sent) < 5000
        np.testing.assert_array_equal(pickle.loads(sent).transform(clips), encoder.transform(clips))

    def test_a_model_that_is_gone_is_named(self, tiny_encoder, clips, tmp_path):
        folder = shutil.copytree(tiny_encoder("wav2vec2"), tmp_path / "model")
        encoder = pickle.loads(pickle.dumps(Wav2Vec2Transformer(folder).fit(clips)))
        shutil.rmtree(folder)
        with pytest.raises(EncoderNotFoundError, match=r"model' is not a folder"):
            encoder.transform(clips)

    def test_weights_travel_where_asked(self, tiny_encoder, clips, tmp_path, hub_cache):
        folder = shutil.copytree(tiny_encoder("wav2vec2"), tmp_path / "model")
        encoder = Wav2Vec2Transformer(folder, embed_weights=True).fit(clips)
        expected = encoder.transform(clips)
        sent = pickle.dumps(encoder)
        assert len(sent) > Path(folder, "model.safetensors").stat().st_size
        shutil.rmtree(folder)
        again = pickle.loads(sent)
        np.testing.assert_array_equal(again.transform(clips), expected)
        once_more = pickle.loads(pickle.dumps(again))
        np.testing.assert_array_equal(once_more.transform(clips), expected)

    def test_an_unfitted_one_carries_nothing(self, tiny_encoder):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), embed_weights=True)
        assert len(pickle.dumps(encoder)) < 2000


class TestBadInput:
    def test_clips_at_another_rate(self, tiny_encoder):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"))
        with pytest.raises(AudioError, match=r"convert with clips.resampled\(16000\)"):
            encoder.fit(AudioClips([np.zeros(800)], 8000))

    def test_a_rate_that_is_not_the_models(self, tiny_encoder):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), sample_rate=8000)
        with pytest.raises(EncoderError, match=r"trained on speech at 16000 Hz. Set sample_rate"):
            encoder.fit(AudioClips([np.zeros(800)], 8000))

    def test_silence_is_finite(self, tiny_encoder):
        found = Wav2Vec2Transformer(tiny_encoder("hubert")).fit_transform([np.zeros(4000)])
        assert np.isfinite(found).all()

    def test_a_waveform_of_no_samples(self, tiny_encoder):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"))
        with pytest.raises(AudioError, match=r"X\[1\] has no samples"):
            encoder.fit([np.zeros(800), np.zeros(0)])
