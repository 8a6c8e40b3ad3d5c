"""ONNX Runtime gives what torch gives, from an encoder that is exported once."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import pytest

from sklearn_ser import Wav2Vec2Transformer
from sklearn_ser.encoders import _encoding, _onnx
from sklearn_ser.encoders._hub import find_model
from sklearn_ser.encoders._products import convolutions_as_products
from sklearn_ser.exceptions import MissingExtraError

FAMILIES = ("wav2vec2", "wav2vec2-large", "hubert", "wavlm", "data2vec-audio", "whisper")


@pytest.fixture(autouse=True)
def exports(hub_cache) -> Path:
    """Where encoders are exported to, empty at first."""
    for package in ("onnx", "onnxruntime", "torch"):
        pytest.importorskip(package, reason="the extra wav2vec2 is not installed")
    _encoding.forget_encoders()
    return hub_cache.parent / "sklearn_ser" / "onnx"


@pytest.mark.parametrize("family", FAMILIES)
def test_equals_torch(family, tiny_encoder, clips):
    ours, theirs = (
        Wav2Vec2Transformer(
            tiny_encoder(family), layer=(1, 3), pooling="mean_std", backend=backend
        ).fit_transform(clips)
        for backend in ("onnx", "torch")
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("family", ["wav2vec2", "wavlm"])
def test_frames_equal_torch(family, tiny_encoder, clips):
    ours, theirs = (
        Wav2Vec2Transformer(
            tiny_encoder(family), layer=2, pooling=None, backend=backend
        ).fit_transform(clips)
        for backend in ("onnx", "torch")
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_eight_bits_point_the_same_way(family, tiny_encoder, clips):
    exact = Wav2Vec2Transformer(tiny_encoder(family), layer=2).fit_transform(clips)
    rounded = Wav2Vec2Transformer(tiny_encoder(family), layer=2, quantize="int8")
    found = rounded.fit_transform(clips)
    assert not np.array_equal(found, exact)
    assert cosines(found, exact).min() >= 0.99


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize(("size", "stride"), [(3, 2), (2, 2), (3, 1), (5, 3)])
def test_a_convolution_is_a_product(size, stride, padding):
    import torch

    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(0)
        convolution = torch.nn.Conv1d(16, 24, size, stride, padding)
        network = torch.nn.Sequential(convolution, torch.nn.GELU())
        for length in range(size, size + 2 * stride + 1):
            values = torch.randn(1, 16, length)
            expected = network[1](convolution(values))
            found = convolutions_as_products(torch.nn.Sequential(convolution, torch.nn.GELU()))
            assert not any(isinstance(module, torch.nn.Conv1d) for module in found)
            torch.testing.assert_close(found(values), expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    "options",
    [{"in_channels": 1}, {"in_channels": 32, "groups": 2}, {"in_channels": 32, "dilation": 2}],
)
def test_other_convolutions_stay(options):
    import torch

    convolution = torch.nn.Conv1d(out_channels=32, kernel_size=3, **options)
    network = torch.nn.Sequential(convolution)
    assert convolutions_as_products(network)[0] is convolution


class TestExport:
    def test_once_for_each_choice_of_layers(self, tiny_encoder, clips, exports, monkeypatch):
        written = []
        write = _onnx._write_graph
        monkeypatch.setattr(
            _onnx, "_write_graph", lambda *given: written.append(given[2]) or write(*given)
        )
        for layer in (2, 2, (2,), (2, 1), (1, 2)):
            encoder = Wav2Vec2Transformer(tiny_encoder("hubert"), layer=layer, backend="onnx")
            encoder.fit_transform(clips[:2])
            _encoding.forget_encoders()
        assert written == [(2,), (1, 2)]
        assert len(list(exports.iterdir())) == 2

    def test_exact_weights_are_not_kept_beside_rounded_ones(self, tiny_encoder, clips, exports):
        Wav2Vec2Transformer(tiny_encoder("hubert"), quantize="int8").fit_transform(clips[:1])
        (folder,) = exports.iterdir()
        assert [path.name for path in folder.iterdir()] == ["encoder.onnx"]

    def test_no_half_written_folder_stays(self, tiny_encoder, clips, exports, monkeypatch):
        def fail(*_: object) -> None:
            raise RuntimeError("disk full")

        monkeypatch.setattr(_onnx, "_quantise", fail)
        with pytest.raises(RuntimeError, match="disk full"):
            Wav2Vec2Transformer(tiny_encoder("hubert"), quantize="int8").fit_transform(clips[:1])
        assert not list(exports.iterdir())

    def test_key_knows_model_layers_bits_and_versions(self, tiny_encoder, monkeypatch):
        one, two = (
            find_model(tiny_encoder(family), None, local_files_only=True)
            for family in ("wav2vec2", "hubert")
        )
        paths = {
            _onnx.exported_path(found, layers, bits)
            for found in (one, two)
            for layers in ((1,), (1, 2))
            for bits in (None, "int8")
        }
        monkeypatch.setattr(_onnx, "version", lambda _: "99")
        paths.add(_onnx.exported_path(one, (1,), None))
        assert len(paths) == 9

    def test_logging_stays_as_it_is(self, tiny_encoder, clips, caplog):
        before = list(logging.root.handlers), logging.root.manager.disable
        Wav2Vec2Transformer(tiny_encoder("hubert"), quantize="int8").fit_transform(clips[:1])
        assert (logging.root.handlers, logging.root.manager.disable) == before
        assert not caplog.records

    def test_a_missing_part_of_the_extra_is_named(self, tiny_encoder, clips, monkeypatch):
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        encoder = Wav2Vec2Transformer(tiny_encoder("hubert"), backend="onnx")
        with pytest.raises(MissingExtraError, match=r"'onnxruntime', .*sklearn-ser\[wav2vec2\]"):
            encoder.fit_transform(clips[:1])


def test_the_cache_tells_backends_apart(tiny_encoder, clips, tmp_path):
    options = {"memory": str(tmp_path / "memory"), "layer": 2}
    encoder = Wav2Vec2Transformer(tiny_encoder("hubert"), **options).fit(clips)
    exact = encoder.transform(clips)
    rounded = encoder.set_params(quantize="int8").transform(clips)
    assert not np.array_equal(exact, rounded)
    np.testing.assert_array_equal(encoder.transform(clips), rounded)


def test_threads_are_those_of_the_process(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert _onnx._n_threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert _onnx._n_threads() >= 1


@pytest.mark.slow
def test_eight_bits_at_full_size(tmp_path, clips):
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    with torch.random.fork_rng():
        torch.manual_seed(0)
        Wav2Vec2Model(Wav2Vec2Config()).save_pretrained(tmp_path / "base")
    found = {
        (layer, quantize): Wav2Vec2Transformer(
            tmp_path / "base", layer=layer, backend=backend, quantize=quantize
        ).fit_transform(clips)
        for layer in (6, None)
        for backend, quantize in (("torch", None), ("onnx", "int8"))
    }
    for layer in (6, None):
        assert cosines(found[layer, "int8"], found[layer, None]).min() >= 0.99
