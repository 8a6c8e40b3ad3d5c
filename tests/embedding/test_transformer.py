"""EmotionEmbeddingTransformer: forms, names, caches, pickles, and what it refuses."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_ser import AudioClips, AudioLoader, EmotionEmbeddingTransformer
from sklearn_ser.audio import write_audio
from sklearn_ser.embedding import _transformer, _weights, load_encoder
from sklearn_ser.exceptions import AudioError, EncoderError, EncoderNotFoundError

WIDTHS = {"stage1": 8, "stage2": 12, "stage3": 16, "pooling": 24, "penultimate": 5}
STAGES = ("stage1", "stage2", "stage3")


@pytest.fixture
def make(voice_encoder):
    def made(*layer, **options):
        return EmotionEmbeddingTransformer(*layer, **{"weights": voice_encoder, **options})

    return made


@pytest.fixture
def own_file(voice_encoder, tmp_path):
    """A copy of the weights that a test may replace."""
    return shutil.copy(voice_encoder, tmp_path / "own.encoder")


def replace_weights(path, write_voice_encoder):
    """Write other weights to a path, later than any clock's grain."""
    write_voice_encoder(Path(path), seed=1)
    os.utime(path, ns=(0, 0))


class TestForm:
    @pytest.mark.parametrize(
        ("layer", "singles"),
        [
            ("all", tuple(WIDTHS)),
            ("stages", STAGES),
            *((name, (name,)) for name in WIDTHS),
            (("penultimate", "stage1"), ("penultimate", "stage1")),
            (["pooling", "stages"], ("pooling", *STAGES)),
        ],
        ids=str,
    )
    def test_every_choice_of_layers(self, layer, singles, make, clips):
        transformer = make(layer)
        table = transformer.fit_transform(clips)
        assert table.shape == (6, sum(WIDTHS[name] for name in singles))
        assert table.dtype == np.float32
        assert transformer.layers_ == singles
        whole = make().fit(clips)
        columns = [f"{name}_" for name in transformer.get_feature_names_out()]
        every = [f"{name}_" for name in whole.get_feature_names_out()]
        places = [every.index(name) for name in columns]
        np.testing.assert_array_equal(table, whole.transform(clips)[:, places])

    def test_rows_are_those_of_the_encoder(self, make, clips, voice_encoder):
        table = make().fit_transform(clips)
        encoder = load_encoder(voice_encoder)
        np.testing.assert_array_equal(table, np.stack([encoder.embed(clip) for clip in clips]))

    @pytest.mark.parametrize("speeds", [(1.0,), [0.9, 1.1], (0.8, 1.0, 1.25)])
    def test_speeds(self, speeds, make, clips, voice_encoder):
        table = make(speeds=speeds).fit_transform(clips)
        encoder = load_encoder(voice_encoder)
        expected = np.stack([encoder.embed(clip, speeds=speeds) for clip in clips])
        np.testing.assert_array_equal(table, expected)

    def test_names(self, make, clips):
        names = make().fit(clips).get_feature_names_out().tolist()
        assert len(set(names)) == len(names) == sum(WIDTHS.values())
        for name in (
            "embedding_stage1_3_mean",
            "embedding_stage3_7_std",
            "embedding_attention_5",
            "embedding_mean_5",
            "embedding_std_7",
            "embedding_penultimate_4",
        ):
            assert name in names

    def test_names_stand_where_their_numbers_are(self, make, clips, voice_encoder):
        frames = load_encoder(voice_encoder).frames(clips[0])
        row = make().set_output(transform="pandas").fit_transform(clips).iloc[0]
        assert row["embedding_stage2_5_std"] == pytest.approx(
            frames["stage2"][:, 5].std(), abs=1e-5
        )
        assert row["embedding_mean_2"] == pytest.approx(frames["stage3"][:, 2].mean(), abs=1e-5)
        assert row["embedding_stage3_2_mean"] == pytest.approx(row["embedding_mean_2"], abs=1e-5)

    def test_means_alone(self, make, clips):
        means = make("stages", pooling="mean").set_output(transform="pandas").fit_transform(clips)
        both = make("stages").set_output(transform="pandas").fit_transform(clips)
        assert means.shape == (6, 18)
        assert means.equals(both[means.columns])

    @pytest.mark.parametrize(("layer", "dim"), [("all", 18), ("stage2", 6), (("stage3",), 8)])
    def test_sequences(self, layer, dim, make, clips, voice_encoder):
        transformer = make(layer, pooling=None)
        sequences = transformer.fit_transform(clips)
        assert sequences.shape == (6, transformer.n_frames_, dim)
        np.testing.assert_array_equal(
            make(layer, pooling=None).fit(clips).transform(clips), sequences
        )
        assert len(transformer.coefficient_names_) == dim
        encoder = load_encoder(voice_encoder)
        for clip, found in zip(clips, sequences, strict=True):
            expected = encoder.embed(clip, layer, pooling=None)
            np.testing.assert_array_equal(found[: len(expected)], expected)
            assert not found[len(expected) :].any()

    def test_sequences_of_a_given_length(self, make, clips):
        assert make(pooling=None, n_frames=7).fit_transform(clips).shape == (6, 7, 18)

    def test_no_names_for_sequences(self, make, clips):
        assert not hasattr(make(pooling=None).fit(clips), "get_feature_names_out")

    def test_clips_do_not_know_each_other(self, make, clips):
        fitted = make().fit(clips)
        np.testing.assert_array_equal(fitted.transform(clips)[3:4], fitted.transform(clips[3:4]))

    def test_lazy_clips(self, make, clips, tmp_path):
        write_audio(tmp_path / "a.wav", np.clip(clips[1], -1, 1), 16000)
        loader = AudioLoader()
        lazy = loader.fit_transform([str(tmp_path / "a.wav")])
        found = make_pipeline(loader, make()).fit_transform([str(tmp_path / "a.wav")])
        np.testing.assert_array_equal(found, make().fit_transform(lazy.load()))


class TestProcesses:
    def test_two_give_the_same(self, make, clips):
        expected = make().fit_transform(clips)
        np.testing.assert_array_equal(make(n_jobs=2).fit_transform(clips), expected)

    def test_pickles_are_small_and_work_elsewhere(self, make, clips, tmp_path):
        fitted = make().fit(clips)
        fitted.transform(clips)
        pickled = pickle.dumps(fitted)
        assert len(pickled) < 2500
        (tmp_path / "model").write_bytes(pickled)
        np.save(tmp_path / "clip.npy", clips[0])
        code = (
            "import pickle, numpy as np\n"
            "fitted = pickle.loads(open('model', 'rb').read())\n"
            "np.save('found.npy', fitted.transform([np.load('clip.npy')]))\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
        np.testing.assert_array_equal(np.load(tmp_path / "found.npy"), fitted.transform(clips[:1]))

    def test_a_relative_path_is_found_from_other_folders(self, own_file, clips, monkeypatch):
        monkeypatch.chdir(Path(own_file).parent)
        fitted = EmotionEmbeddingTransformer(weights="own.encoder").fit(clips)
        monkeypatch.chdir("/")
        assert len(fitted.transform(clips)) == 6

    def test_shipped_weights_stay_a_name(self, own_file, clips, monkeypatch):
        monkeypatch.setattr(_weights, "_SHIPPED", Path(own_file).parent)
        assert EmotionEmbeddingTransformer(weights="own").fit(clips)._extractor.weights == "own"

    def test_no_heavy_package(self, voice_encoder):
        code = (
            "import sys, numpy as np\n"
            "from sklearn_ser import EmotionEmbeddingTransformer\n"
            "from sklearn_ser.embedding import EmotionHead\n"
            "assert 'onnxruntime' not in sys.modules\n"
            f"weights = {voice_encoder!r}\n"
            "clips = [np.sin(np.arange(8000) / 20)]\n"
            "EmotionEmbeddingTransformer(weights=weights).fit_transform(clips)\n"
            "EmotionHead(weights).predict(clips)\n"
            "heavy = {'keras', 'librosa', 'matplotlib', 'numba', 'onnx', 'tensorflow', 'torch'}\n"
            "assert 'onnxruntime' in sys.modules\n"
            "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


class TestCache:
    def test_gives_the_same(self, make, clips, tmp_path, monkeypatch):
        cached = make(memory=str(tmp_path / "cache")).fit(clips)
        expected = make().fit_transform(clips)
        np.testing.assert_array_equal(cached.transform(clips), expected)
        monkeypatch.setattr(_transformer, "load_encoder", None)  # everything was kept
        np.testing.assert_array_equal(cached.transform(clips), expected)

    def test_other_weights_have_other_entries(self, own_file, clips, tmp_path, write_voice_encoder):
        options = {"weights": own_file, "memory": str(tmp_path / "cache")}
        before = EmotionEmbeddingTransformer(**options).fit_transform(clips)
        replace_weights(own_file, write_voice_encoder)
        after = EmotionEmbeddingTransformer(**options).fit_transform(clips)
        assert np.abs(after - before).max() > 0.1
        expected = EmotionEmbeddingTransformer(weights=own_file).fit_transform(clips)
        np.testing.assert_array_equal(after, expected)

    def test_so_have_other_layers(self, make, clips, tmp_path):
        for layer in ("stage1", "stage2"):
            expected = make(layer).fit_transform(clips)
            cached = make(layer, memory=str(tmp_path / "cache"))
            np.testing.assert_array_equal(cached.fit_transform(clips), expected)

    def test_so_have_other_speeds(self, make, clips, tmp_path):
        for speeds in (None, (0.9, 1.1)):
            expected = make(speeds=speeds).fit_transform(clips)
            cached = make(speeds=speeds, memory=str(tmp_path / "cache"))
            np.testing.assert_array_equal(cached.fit_transform(clips), expected)


class TestRefused:
    @pytest.mark.parametrize(
        ("layer", "message"),
        [
            ("stage9", r"layer='stage9' is no layer of this encoder\. Did you mean 'stage.'"),
            (
                ("stage1", "polling"),
                "layer='polling' is no layer.*Did you mean 'pooling'.*It has al",
            ),
            (("stages", "stage2"), "names a layer twice"),
            ((), "layer names no layer: give one at least"),
            (("stage1", 2), "layer=2 is no layer"),
        ],
    )
    def test_layer(self, layer, message, make, clips):
        with pytest.raises(EncoderError, match=message):
            make(layer).fit(clips)

    @pytest.mark.parametrize("layer", ["pooling", ("stage1", "penultimate")])
    def test_frames_of_what_has_none(self, layer, make, clips):
        message = "is of the whole clip and has no frames. Choose 'stages' or some of stage1"
        with pytest.raises(EncoderError, match=message):
            make(layer, pooling=None).fit(clips)

    @pytest.mark.parametrize("speeds", [(), (0.0,), (1.0, 9.0)])
    def test_speeds(self, speeds, make, clips):
        with pytest.raises(EncoderError, match=r"speeds are one number or more from 0\.5 to 2"):
            make(speeds=speeds).fit(clips)

    def test_speeds_of_frames(self, make, clips):
        with pytest.raises(EncoderError, match=r"speeds=\(0\.9, 1\.1\) with pooling=None"):
            make(pooling=None, speeds=(0.9, 1.1)).fit(clips)

    def test_pooling(self, make, clips):
        with pytest.raises(ValueError, match="The 'pooling' parameter"):
            make(pooling="median").fit(clips)

    def test_another_rate(self, make):
        telephone = AudioClips([np.zeros(8000)], 8000)
        message = r"sample_rate=8000, and the encoder '.*' was trained on speech at 16000 Hz\. Set"
        with pytest.raises(EncoderError, match=message):
            make(sample_rate=8000).fit(telephone)
        with pytest.raises(AudioError, match=r"at 8000 Hz and Emotion\w+ expects 16000 Hz"):
            make().fit(telephone)

    def test_no_weights(self, clips):
        with pytest.raises(EncoderNotFoundError, match="weights='crema_e': there is no such file"):
            EmotionEmbeddingTransformer(weights="crema_e").fit(clips)

    def test_weights_that_changed_since_fit(self, own_file, clips, write_voice_encoder):
        fitted = EmotionEmbeddingTransformer(weights=own_file).fit(clips)
        replace_weights(own_file, write_voice_encoder)
        with pytest.raises(EncoderError, match=r"are not those of fit.*Fit again"):
            fitted.transform(clips)
        again = clone(fitted).fit(clips)
        assert again.sha256_ != fitted.sha256_
        again.transform(clips)

    def test_weights_that_are_gone(self, own_file, clips):
        fitted = EmotionEmbeddingTransformer(weights=own_file).fit(clips)
        Path(own_file).unlink()
        with pytest.raises(EncoderNotFoundError, match=r"own\.encoder'.* there is no such file"):
            fitted.transform(clips)

    def test_speakers_whom_the_weights_know(self, make):
        make().refuse_heard_speakers(["ravdess-01"], "test")
        with pytest.raises(EncoderError, match="speaker-3"):
            make().refuse_heard_speakers(["speaker-3"], "test")
