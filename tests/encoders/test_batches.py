"""Long clips in overlapping chunks, batches of like length, windows of bounded size."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from sklearn_ser import Wav2Vec2Transformer
from sklearn_ser.encoders._batches import Piece, cut_clip, like_length, windows
from sklearn_ser.encoders._families import Architecture

WAV2VEC2 = {"kernels": (10, 3, 3, 3, 3, 2, 2), "strides": (5, 2, 2, 2, 2, 2, 2), "n_mels": 0}
WHISPER = {"kernels": (), "strides": (), "n_mels": 80}


def architecture(model_type: str = "wav2vec2", longest: int = 1500) -> Architecture:
    return Architecture(
        model_type=model_type,
        n_layers=3,
        dim=32,
        sample_rate=16000,
        normalises=False,
        longest=longest,
        **(WHISPER if model_type == "whisper" else WAV2VEC2),
    )


def piece_of(n_frames: int) -> Piece:
    return Piece(0, np.zeros(1, np.float32), n_frames, first=0, n_kept=n_frames, at=0)


@pytest.mark.parametrize("model_type", ["wav2vec2", "whisper"])
class TestCut:
    @pytest.mark.parametrize("n_samples", [1, 160, 399, 400, 16000, 480_000])
    def test_an_ordinary_clip_is_one_piece(self, n_samples, model_type):
        waveform = np.arange(n_samples, dtype=np.float32)
        (piece,) = cut_clip(waveform, 7, architecture(model_type))
        assert piece.clip == 7
        assert (piece.first, piece.at) == (0, 0)
        assert piece.n_kept == piece.n_frames == architecture(model_type).count_frames(n_samples)
        np.testing.assert_array_equal(piece.samples[:n_samples], waveform)

    @pytest.mark.parametrize("n_samples", [480_400, 640_000, 960_123, 9_600_000])
    def test_every_frame_is_kept_once(self, n_samples, model_type):
        form = architecture(model_type)
        pieces = cut_clip(np.arange(n_samples, dtype=np.float32), 0, form)
        kept = np.concatenate([np.arange(p.at, p.at + p.n_kept) for p in pieces])
        np.testing.assert_array_equal(kept, np.arange(form.count_frames(n_samples)))
        assert len(pieces) > 1

    def test_pieces_hold_what_their_frames_are_made_of(self, model_type):
        form = architecture(model_type)
        for piece in cut_clip(np.arange(960_123, dtype=np.float32), 0, form):
            assert form.count_frames(len(piece.samples)) == piece.n_frames <= form.longest
            assert piece.samples[0] == (piece.at - piece.first) * form.hop

    def test_inner_seams_have_context(self, model_type):
        pieces = cut_clip(np.zeros(960_123, np.float32), 0, architecture(model_type))
        assert [piece.first for piece in pieces[1:]] == [125] * (len(pieces) - 1)
        behind = [piece.n_frames - piece.first - piece.n_kept for piece in pieces[:-1]]
        assert min(behind[:-1]) == 125


class TestBatches:
    def test_longest_first_and_of_like_length(self):
        batches = like_length(map(piece_of, (100, 50, 95, 89, 46, 90)), batch_size=8)
        assert [[p.n_frames for p in batch] for batch in batches] == [[100, 95, 90], [89], [50, 46]]

    def test_no_more_than_the_batch_size(self):
        assert [len(b) for b in like_length([piece_of(9)] * 7, batch_size=3)] == [3, 3, 1]

    def test_no_longer_than_a_minute(self):
        batches = list(like_length([piece_of(1400)] * 5, batch_size=8))
        assert [len(batch) for batch in batches] == [2, 2, 1]


class TestWindows:
    def test_many_short_clips(self):
        sizes = [len(window) for window in windows([np.zeros(10)] * 70, 16000)]
        assert sizes == [32, 32, 6]

    def test_few_long_ones(self):
        minutes = [np.zeros(60 * 100)] * 12
        assert [len(window) for window in windows(minutes, 100)] == [5, 5, 2]

    def test_clips_are_asked_for_as_they_are_used(self):
        asked = []
        clips = (asked.append(i) or np.zeros(1) for i in range(100))
        next(windows(clips, 16000))
        assert len(asked) == 32


class TestLongClips:
    @pytest.fixture
    def long_clip(self) -> np.ndarray:
        rng = np.random.default_rng(0)
        return (0.1 * rng.normal(size=75 * 16000)).astype(np.float32)

    @pytest.mark.parametrize("family", ["wav2vec2", "wav2vec2-large", "wavlm"])
    def test_the_seam_is_not_heard(self, family, tiny_encoder, long_clip, monkeypatch):
        encoder = Wav2Vec2Transformer(tiny_encoder(family), pooling=None)
        chunked = encoder.fit_transform([long_clip])[0]
        monkeypatch.setattr("sklearn_ser.encoders._families._LONGEST_SECONDS", 100.0)
        whole = encoder.fit_transform([long_clip])[0]
        assert chunked.shape == whole.shape == (3749, 32)
        cosine = (chunked * whole).sum(1) / np.linalg.norm(chunked, axis=1)
        cosine /= np.linalg.norm(whole, axis=1)
        assert cosine.min() > 0.99
        at_seams = cosine[[1249, 1250, 2499, 2500]]
        assert at_seams.min() > 0.99

    def test_statistics_are_those_of_all_frames(self, tiny_encoder, long_clip):
        options = {"model": tiny_encoder("wav2vec2"), "layer": 2}
        frames = Wav2Vec2Transformer(**options, pooling=None).fit_transform([long_clip])[0]
        found = Wav2Vec2Transformer(**options, pooling="mean_std").fit_transform([long_clip])[0]
        expected = np.concatenate([frames.mean(axis=0), frames.std(axis=0)])
        np.testing.assert_allclose(found, expected, atol=1e-5)

    def test_ten_minutes_do_not_fill_the_memory(self, tiny_encoder, monkeypatch):
        """What the encoder is given at once stays the same however long the clip is."""
        from sklearn_ser.encoders._torch import TorchEncoder

        heard = []
        run = TorchEncoder.run
        monkeypatch.setattr(
            TorchEncoder,
            "run",
            lambda self, inputs: heard.append(sum(map(len, inputs))) or run(self, inputs),
        )
        clip = np.zeros(600 * 16000, np.float32)
        clip[::100] = 0.1
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer="all").fit([clip])
        tracemalloc.start()
        found = encoder.transform([clip])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.shape == (1, 3, 32)
        assert max(heard) <= 60 * 16000 + 800
        assert peak < 12 * clip.nbytes
