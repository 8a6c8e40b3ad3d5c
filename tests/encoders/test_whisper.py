"""Whisper's encoder: its spectrum, as many frames as the clip has, and 30 seconds at a time."""

from __future__ import annotations

import numpy as np
import pytest

from sklearn_ser import Wav2Vec2Transformer
from sklearn_ser.encoders._families import Architecture
from sklearn_ser.encoders._whisper import log_mel

SECONDS_30 = 480_000


def architecture(n_mels: int = 80) -> Architecture:
    return Architecture(
        model_type="whisper",
        n_layers=3,
        dim=32,
        sample_rate=16000,
        normalises=False,
        kernels=(),
        strides=(),
        n_mels=n_mels,
        longest=1500,
    )


def speech_like(n_samples: int, seed: int = 0) -> np.ndarray:
    """Noise that swells and fades, on a hum."""
    rng = np.random.default_rng(seed)
    time = np.arange(n_samples) / 16000
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * 3 * time)
    hum = np.sin(2 * np.pi * 180 * time)
    return (0.1 * swell * (rng.normal(size=n_samples) + hum)).astype(np.float32)


def reference_spectrum(waveform: np.ndarray, n_mels: int) -> np.ndarray:
    transformers = pytest.importorskip("transformers", reason="the extra is not installed")
    prepare = transformers.WhisperFeatureExtractor(feature_size=n_mels)
    found = prepare(waveform, sampling_rate=16000, return_tensors="np")
    return found.input_features[0]


class TestSpectrum:
    @pytest.mark.parametrize("n_mels", [80, 128])
    @pytest.mark.parametrize(
        "n_samples", [100, 160, 16000, 16001, 48320, 479_500, SECONDS_30 - 1, SECONDS_30]
    )
    def test_equals_whispers_own(self, n_samples, n_mels):
        waveform = speech_like(n_samples)
        found = log_mel(waveform, architecture(n_mels))
        expected = reference_spectrum(waveform, n_mels)
        n_columns = min(found.shape[1], 3000)
        np.testing.assert_allclose(found[:, :n_columns], expected[:, :n_columns], atol=1e-4)

    def test_silence(self):
        found = log_mel(np.zeros(16000, np.float32), architecture())
        expected = reference_spectrum(np.zeros(16000), 80)[:, :101]
        np.testing.assert_allclose(found, expected, rtol=1e-6)

    @pytest.mark.parametrize(("n_samples", "n_frames"), [(1, 1), (320, 1), (321, 2), (16000, 50)])
    def test_two_columns_a_frame_and_one(self, n_samples, n_frames):
        found = log_mel(np.ones(n_samples, np.float32), architecture())
        assert found.shape == (80, 2 * n_frames + 1)
        assert architecture().count_frames(n_samples) == n_frames


@pytest.fixture
def network(tiny_encoder):
    import transformers

    return transformers.WhisperModel.from_pretrained(tiny_encoder("whisper")).encoder.eval()


class TestEncoder:
    def test_a_full_clip_equals_transformers(self, tiny_encoder, network):
        import torch

        waveform = speech_like(SECONDS_30)
        spectrum = torch.from_numpy(reference_spectrum(waveform, 80))[None]
        with torch.inference_mode():
            expected = network(spectrum, output_hidden_states=True).hidden_states
        for layer in (1, 2, 3):
            encoder = Wav2Vec2Transformer(tiny_encoder("whisper"), layer=layer, pooling=None)
            found = encoder.fit_transform([waveform])
            np.testing.assert_allclose(found[0], expected[layer][0].numpy(), atol=2e-4)

    def test_what_goes_into_the_blocks_of_a_short_clip(self, tiny_encoder, network):
        """Its own frames are those that Whisper has among 30 seconds, before they attend."""
        import torch

        from sklearn_ser.encoders._torch import embed

        waveform = speech_like(20_000)
        with torch.inference_mode():
            whole = torch.from_numpy(reference_spectrum(waveform, 80))[None]
            hidden = torch.nn.functional.gelu(network.conv1(whole))
            hidden = torch.nn.functional.gelu(network.conv2(hidden)).transpose(1, 2)
            expected = (hidden + network.embed_positions.weight)[0, :63]
            found = embed(network, torch.from_numpy(log_mel(waveform, architecture()))[None])[0]
        np.testing.assert_allclose(found, expected, atol=1e-4)

    def test_only_the_clips_frames(self, tiny_encoder):
        clips = [speech_like(n, seed=n) for n in (16000, 15000, 900)]
        encoder = Wav2Vec2Transformer(tiny_encoder("whisper"), pooling=None).fit(clips)
        found = encoder.transform(clips)
        assert found.shape == (3, 50, 32)
        assert not found[1, 47:].any()
        alone = encoder.transform(clips[1:2])
        np.testing.assert_allclose(found[1], alone[0], atol=1e-5)

    def test_the_decoder_is_not_loaded(self, tiny_encoder, loaded):
        encoder = Wav2Vec2Transformer(tiny_encoder("whisper"), layer=2)
        encoder.fit_transform([speech_like(3200)])
        (one,) = loaded
        assert type(one).__name__ == "WhisperEncoder"
        assert len(one.layers) == 2

    def test_names(self, tiny_encoder):
        encoder = Wav2Vec2Transformer(tiny_encoder("whisper"), layer=2).fit([speech_like(3200)])
        assert encoder.get_feature_names_out()[5] == "whisper_l2_5_mean"

    def test_forty_seconds_are_two_chunks(self, tiny_encoder):
        waveform = speech_like(640_000)
        encoder = Wav2Vec2Transformer(tiny_encoder("whisper"), pooling=None)
        found = encoder.fit_transform([waveform])
        assert found.shape == (1, 2000, 32)
        assert np.isfinite(found).all()
