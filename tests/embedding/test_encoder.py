"""Frames, windows, pooling and answers, against what they are defined to be."""

from __future__ import annotations

import gc
import os
import pickle
from dataclasses import replace

import numpy as np
import psutil
import pytest

from sklearn_ser.embedding import _encoder, load_encoder
from sklearn_ser.embedding._weights import read_weights, write_weights
from sklearn_ser.exceptions import AudioError, EncoderError

RATE = 16000


@pytest.fixture
def encoder(voice_encoder):
    return load_encoder(voice_encoder)


def in_one_pass(encoder, clip, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(_encoder, "_LONGEST", 10**9)
        return encoder.frames(clip)


class TestFrames:
    def test_form(self, encoder, clips):
        for clip in clips:
            n = len(encoder.front_end(clip))
            shapes = {name: frames.shape for name, frames in encoder.frames(clip).items()}
            assert shapes == {
                "stage1": (-(-n // 2), 4),
                "stage2": (-(-n // 4), 6),
                "stage3": (-(-n // 8), 8),
                "attention": (-(-n // 8),),
            }

    @pytest.mark.parametrize("longest", [8, 100, 1999, 2000])
    def test_windows_equal_one_pass(self, longest, encoder, long_clip, monkeypatch):
        whole = in_one_pass(encoder, long_clip, monkeypatch)
        monkeypatch.setattr(_encoder, "_LONGEST", longest)
        parts = encoder.frames(long_clip)
        for name, frames in whole.items():
            np.testing.assert_allclose(parts[name], frames, atol=1e-5)
        np.testing.assert_allclose(encoder.embed(long_clip), row_of(encoder, whole), atol=1e-5)

    @pytest.mark.parametrize("rest", range(1, 18))
    def test_windows_of_any_length(self, rest, encoder, long_clip, monkeypatch):
        clip = long_clip[: 160 * (200 + rest)]
        whole = in_one_pass(encoder, clip, monkeypatch)
        monkeypatch.setattr(_encoder, "_LONGEST", 200)
        for name, frames in encoder.frames(clip).items():
            np.testing.assert_allclose(frames, whole[name], atol=1e-5)

    def test_the_context_is_needed(self, encoder, long_clip, monkeypatch, tmp_path):
        weights = encoder._weights
        header = replace(weights.header, form=replace(weights.header.form, reach=0))
        path = tmp_path / "deaf.encoder"
        write_weights(path, header, weights.frames_graph, weights.clip_graph)
        whole = encoder.frames(long_clip)
        monkeypatch.setattr(_encoder, "_LONGEST", 200)
        found = load_encoder(path).frames(long_clip)
        assert np.abs(found["stage3"] - whole["stage3"]).max() > 0.01

    @pytest.mark.slow
    def test_ten_minutes_take_little_memory(self, encoder):
        rng = np.random.default_rng(0)
        clip = rng.normal(size=600 * RATE).astype(np.float32)
        encoder.embed(clip[: 60 * RATE])
        bands = encoder.front_end(clip)  # takes its own memory, and gives it back
        gc.collect()
        before = psutil.Process(os.getpid()).memory_info().rss
        frames = encoder._frames_of(bands)
        grown = psutil.Process(os.getpid()).memory_info().rss - before
        assert grown < 30e6 + sum(values.nbytes for values in frames.values())
        assert np.isfinite(encoder.embed(clip)).all()


def row_of(encoder, frames):
    """Compute an embedding by its definition, in float64."""
    stages = [frames[stage.name].astype(np.float64) for stage in encoder.form.stages]
    last, logits = stages[-1], frames["attention"].astype(np.float64)
    weight = np.exp(logits) / np.exp(logits).sum()
    deviation = np.sqrt(np.mean((last - last.mean(axis=0)) ** 2, axis=0) + 1e-5)
    attended = np.sum(weight[:, None] * last, axis=0)
    pooled = np.concatenate([attended, last.mean(axis=0), deviation]).astype(np.float32)
    (penultimate,) = encoder._clip_session.run(["penultimate"], {"pooled": pooled[None]})
    statistics = [part for s in stages for part in (s.mean(axis=0), s.std(axis=0))]
    return np.concatenate([*statistics, pooled, penultimate[0]])


class TestEmbed:
    def test_definition(self, encoder, clips):
        for clip in clips:
            expected = row_of(encoder, encoder.frames(clip))
            np.testing.assert_allclose(encoder.embed(clip), expected, atol=1e-5)

    def test_frames_at_the_last_rate(self, encoder, clips):
        frames = encoder.frames(clips[0])
        found = encoder.embed(clips[0], "stages", pooling=None)
        assert found.shape == (len(frames["stage3"]), 18)
        np.testing.assert_array_equal(found[:, 10:], frames["stage3"])
        np.testing.assert_allclose(found[1, :4], frames["stage1"][4:8].mean(axis=0), atol=1e-6)
        rest = frames["stage1"][4 * (len(found) - 1) :]
        np.testing.assert_allclose(found[-1, :4], rest.mean(axis=0), atol=1e-6)

    def test_a_gain_changes_nothing(self, encoder, clips):
        loud, quiet = (encoder.embed(gain * clips[1]) for gain in (1.0, 0.05))
        np.testing.assert_allclose(quiet, loud, atol=1e-3)

    @pytest.mark.parametrize(
        "clip",
        [
            np.zeros(RATE),
            np.zeros(1),
            np.full(RATE, 0.5),
            np.ones(160),
            np.clip(np.random.default_rng(0).normal(size=RATE), -0.1, 0.1),
            np.sign(np.sin(np.arange(RATE) / 7)),
            np.random.default_rng(0).normal(size=RATE) * 1e-12,
            np.random.default_rng(0).normal(size=RATE) * 1e6,
        ],
        ids=["silence", "one sample", "offset", "10 ms", "clipped", "square", "faint", "loud"],
    )
    def test_bad_speech_gives_numbers(self, clip, encoder):
        assert np.isfinite(encoder.embed(clip)).all()
        assert np.isfinite(encoder.emotion_logits(clip)).all()

    def test_a_clip_is_the_mean_of_what_is_made_of_it_at_each_speed(
        self, encoder, clips, write_voice_encoder, tmp_path
    ):
        given = encoder._weights.header
        both = write_voice_encoder(tmp_path / "both.encoder", speeds=(0.8, 1.25))
        ends = [
            load_encoder(
                write_voice_encoder(
                    tmp_path / f"{speed}.encoder", front_end=given.front_end.at_speed(speed)
                )
            )
            for speed in (0.8, 1.25)
        ]
        found = load_encoder(both)
        for clip in clips:
            for ask in (
                lambda asked, clip=clip: asked.embed(clip),
                lambda asked, clip=clip: asked.embed(clip, ("stage1", "penultimate"), "mean"),
                lambda asked, clip=clip: asked.emotion_logits(clip),
            ):
                expected = np.mean([ask(end) for end in ends], axis=0)
                np.testing.assert_allclose(ask(found), expected, atol=1e-5)
            np.testing.assert_array_equal(
                encoder.embed(clip, speeds=(0.8, 1.25)), found.embed(clip)
            )
            np.testing.assert_array_equal(found.embed(clip, speeds=[1.0]), encoder.embed(clip))
        assert np.abs(found.embed(clips[0]) - encoder.embed(clips[0])).max() > 1e-3

    def test_frames_are_those_of_the_clips_own_speed(
        self, encoder, clips, write_voice_encoder, tmp_path
    ):
        found = load_encoder(write_voice_encoder(tmp_path / "both.encoder", speeds=(0.8, 1.25)))
        for name, frames in encoder.frames(clips[0]).items():
            np.testing.assert_array_equal(found.frames(clips[0])[name], frames)
        asked = ("stages", None)
        np.testing.assert_array_equal(
            found.embed(clips[0], *asked), encoder.embed(clips[0], *asked)
        )

    @pytest.mark.parametrize(
        ("clip", "message"),
        [
            (np.full(800, np.nan), "waveform contains NaN or infinity"),
            (np.zeros((2, 800)), r"waveform has shape \(2, 800\)"),
            ([], "waveform has no samples"),
        ],
    )
    def test_no_speech_at_all(self, clip, message, encoder):
        with pytest.raises(AudioError, match=message):
            encoder.embed(clip)

    @pytest.mark.parametrize("speeds", [(), (0.1,), (1.0, np.nan), (1, 3)])
    def test_speeds_are_checked(self, speeds, encoder):
        with pytest.raises(
            EncoderError, match=r"speeds are one number or more from 0\.5 to 2, got"
        ):
            encoder.embed(np.zeros(800), speeds=speeds)

    def test_frames_have_the_clips_own_speed(self, encoder):
        with pytest.raises(EncoderError, match=r"speeds=\(0\.9,\) with pooling=None: frames are"):
            encoder.embed(np.zeros(800), pooling=None, speeds=(0.9,))

    def test_layers_are_checked(self, encoder):
        with pytest.raises(EncoderError, match=r"layer='stage4' is no layer.*Did you mean 'stage"):
            encoder.embed(np.zeros(800), "stage4")


class TestEncoder:
    def test_what_it_says_of_itself(self, encoder, voice_encoder):
        assert repr(encoder) == f"<VoiceEncoder 'tiny', {encoder.sha256[:12]}>"
        assert encoder.sha256 == read_weights(voice_encoder).sha256
        assert encoder.classes == ("angry", "happy", "sad")
        assert encoder.sample_rate == RATE
        assert (encoder.temperature, encoder.min_confidence) == (2.0, 0.4)

    def test_its_card_is_a_copy(self, encoder):
        encoder.card["recipe"]["epochs"] = 100
        assert encoder.card["recipe"]["epochs"] == 0

    def test_threads_change_nothing(self, encoder, voice_encoder, clips):
        several = load_encoder(voice_encoder, n_threads=2)
        assert several is not encoder
        np.testing.assert_allclose(several.embed(clips[1]), encoder.embed(clips[1]), atol=1e-5)

    def test_pickle(self, encoder, clips):
        encoder.embed(clips[0])
        copy = pickle.loads(pickle.dumps(encoder))
        np.testing.assert_array_equal(copy.embed(clips[0]), encoder.embed(clips[0]))
