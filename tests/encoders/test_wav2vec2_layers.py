"""What comes out of each family is what transformers computes, whatever else is in the batch."""

from __future__ import annotations

import numpy as np
import pytest

from sklearn_ser import Wav2Vec2Transformer
from sklearn_ser.exceptions import EncoderError

FAMILIES = ("wav2vec2", "wav2vec2-large", "hubert", "wavlm", "data2vec-audio")
TOLERANCE = 1e-5


@pytest.fixture
def reference(tiny_encoder):
    """Hidden states of one clip, as transformers computes them from its own folder."""
    import torch
    import transformers

    def states(family: str, waveform: np.ndarray) -> list[np.ndarray]:
        model = transformers.AutoModel.from_pretrained(tiny_encoder(family)).eval()
        prepare = transformers.AutoFeatureExtractor.from_pretrained(
            tiny_encoder(family), feature_extractor_type="Wav2Vec2FeatureExtractor"
        )
        values = prepare(waveform, sampling_rate=16000, return_tensors="pt").input_values
        with torch.inference_mode():
            found = model(values, output_hidden_states=True)
        inner = [state[0].numpy() for state in found.hidden_states[1:-1]]
        return [*inner, found.last_hidden_state[0].numpy()]

    return states


@pytest.mark.parametrize("family", FAMILIES)
class TestEqualsTransformers:
    @pytest.mark.parametrize("layer", [1, 2, 3])
    def test_each_layer_of_each_clip(self, family, layer, tiny_encoder, clips, reference):
        encoder = Wav2Vec2Transformer(tiny_encoder(family), layer=layer, pooling=None)
        found = encoder.fit_transform(clips)
        assert found.dtype == np.float32
        for frames, waveform in zip(found, clips, strict=True):
            expected = reference(family, waveform)[layer - 1]
            np.testing.assert_allclose(frames[: len(expected)], expected, atol=TOLERANCE)
            assert not frames[len(expected) :].any()

    def test_mean_and_deviation(self, family, tiny_encoder, clips, reference):
        encoder = Wav2Vec2Transformer(tiny_encoder(family), layer=(3, 1), pooling="mean_std")
        found = encoder.fit_transform(clips)
        assert found.shape == (len(clips), 2, 64)
        for row, waveform in zip(found, clips, strict=True):
            states = reference(family, waveform)
            for values, state in zip(row, (states[2], states[0]), strict=True):
                expected = np.concatenate([state.mean(axis=0), state.std(axis=0)])
                np.testing.assert_allclose(values, expected, atol=TOLERANCE)

    def test_all_layers_of_all_frames(self, family, tiny_encoder, clips, reference):
        encoder = Wav2Vec2Transformer(tiny_encoder(family), layer="all", pooling=None)
        found = encoder.fit_transform(clips)
        assert found.dtype == np.float16
        assert found.shape == (len(clips), 3, encoder.n_frames_, 32)
        for stack, waveform in zip(found, clips, strict=True):
            expected = np.stack(reference(family, waveform))
            n_frames = expected.shape[1]
            np.testing.assert_allclose(stack[:, :n_frames], expected, rtol=2e-3, atol=1e-3)
            assert not stack[:, n_frames:].any()

    def test_no_clip_hears_its_batch_mates(self, family, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder(family), layer="all").fit(clips)
        together = encoder.transform(clips)
        alone = np.concatenate([encoder.transform(clips[[i]]) for i in range(len(clips))])
        np.testing.assert_allclose(together, alone, atol=TOLERANCE)


class TestForms:
    def test_one_layer_is_a_table_with_names(self, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer=2, pooling="mean_std")
        assert encoder.fit_transform(clips).shape == (len(clips), 64)
        names = encoder.get_feature_names_out()
        assert names[17] == "wav2vec2_l2_17_mean"
        assert names[32] == "wav2vec2_l2_0_std"
        assert encoder.layers_ == (2,)
        assert encoder.n_layers_ == 3

    def test_names_tell_the_family(self, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder("data2vec-audio")).fit(clips)
        assert encoder.get_feature_names_out()[0] == "data2vec_audio_l3_0_mean"

    def test_set_output_gives_a_frame(self, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2")).set_output(transform="pandas")
        frame = encoder.fit_transform(clips)
        assert list(frame.columns) == list(encoder.get_feature_names_out())

    @pytest.mark.parametrize(("layer", "pooling"), [("all", "mean"), ((2,), "mean"), (2, None)])
    def test_other_forms_stay_arrays(self, layer, pooling, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer=layer, pooling=pooling)
        found = encoder.set_output(transform="pandas").fit_transform(clips)
        assert isinstance(found, np.ndarray)
        assert not hasattr(encoder, "get_feature_names_out")

    def test_a_tuple_of_one_keeps_the_axis(self, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer=(2,))
        assert encoder.fit_transform(clips).shape == (len(clips), 1, 32)

    def test_negative_layers_count_from_the_last(self, tiny_encoder, clips):
        last, middle = (
            Wav2Vec2Transformer(tiny_encoder("hubert"), layer=layer).fit(clips)
            for layer in (-1, -2)
        )
        assert (last.layers_, middle.layers_) == ((3,), (2,))

    def test_n_frames_cuts_and_pads(self, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), pooling=None, n_frames=30)
        found = encoder.fit_transform(clips)
        assert found.shape == (len(clips), 30, 32)
        assert not found[0, 24:].any()
        assert found[1].all(axis=1).all()

    def test_frames_are_counted_without_a_network(self, tiny_encoder, monkeypatch):
        monkeypatch.setattr("sklearn_ser.encoders._encoding.load_network", None)
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), pooling=None)
        assert encoder.fit([np.zeros(40000)]).n_frames_ == 124

    def test_fit_transform_is_fit_then_transform(self, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder("wavlm"), layer=1)
        found = encoder.fit_transform(clips)
        np.testing.assert_array_equal(found, encoder.transform(clips))

    @pytest.mark.parametrize("n_samples", [1, 160, 399, 400])
    def test_clips_shorter_than_a_frame_have_one(self, n_samples, tiny_encoder):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), pooling=None)
        found = encoder.fit_transform([np.full(n_samples, 0.1)])
        assert found.shape == (1, 1, 32)
        assert np.isfinite(found).all()


class TestCut:
    def test_blocks_above_are_not_loaded(self, tiny_encoder, clips, loaded):
        Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer=(2, 1)).fit_transform(clips)
        assert [len(network.encoder.layers) for network in loaded] == [2]

    def test_an_encoder_is_loaded_once_a_process(self, tiny_encoder, clips, loaded):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer=2).fit(clips)
        for clip in range(3):
            encoder.transform(clips[[clip]])
        Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer=2, pooling=None).fit_transform(clips)
        assert len(loaded) == 1


class TestLayerErrors:
    @pytest.mark.parametrize("layer", [4, -4, 0, (1, 4), True])
    def test_a_layer_that_does_not_exist(self, layer, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer=layer)
        with pytest.raises(EncoderError, match="has blocks 1 to 3"):
            encoder.fit(clips)

    def test_zero_is_explained(self, tiny_encoder, clips):
        with pytest.raises(EncoderError, match=r"Blocks count from 1"):
            Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer=0).fit(clips)

    @pytest.mark.parametrize(("layer", "what"), [((), "no block"), ((1, -3), "a block twice")])
    def test_none_or_twice(self, layer, what, tiny_encoder, clips):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer=layer)
        with pytest.raises(EncoderError, match=f"names {what}; give each of the blocks 1 to 3"):
            encoder.fit(clips)
