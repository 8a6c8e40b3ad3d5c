"""A model is found in a folder, in the hub's cache or on the hub; or the error says what to do."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sklearn_ser import Wav2Vec2Transformer
from sklearn_ser.encoders._families import read_architecture
from sklearn_ser.encoders._hub import ModelFolder, find_model
from sklearn_ser.exceptions import EncoderError, EncoderNotFoundError, MissingExtraError

NAME = "somebody/tiny-encoder"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
BURST = [np.random.default_rng(0).normal(size=4000)]


def put_into_cache(folder: str, cache: Path) -> Path:
    """Lay a model into the hub's cache as the hub's client does."""
    home = cache / f"models--{NAME.replace('/', '--')}"
    snapshot = home / "snapshots" / COMMIT
    shutil.copytree(folder, snapshot)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(COMMIT)
    return snapshot


@pytest.fixture
def copied(tiny_encoder, tmp_path) -> Path:
    """A tiny model of its own, to be spoiled."""
    return Path(shutil.copytree(tiny_encoder("wav2vec2"), tmp_path / "model"))


class TestHubCache:
    def test_a_model_of_the_cache_needs_no_network(self, tiny_encoder, hub_cache, monkeypatch):
        put_into_cache(tiny_encoder("wav2vec2"), hub_cache)
        monkeypatch.setattr("socket.socket.connect", None)
        encoder = Wav2Vec2Transformer(NAME).fit(BURST)
        assert encoder.transform(BURST).shape == (1, 32)
        assert (encoder.model_, encoder.revision_) == (NAME, COMMIT)

    def test_a_revision_is_looked_up(self, tiny_encoder, hub_cache):
        snapshot = put_into_cache(tiny_encoder("wav2vec2"), hub_cache)
        found = find_model(NAME, COMMIT, local_files_only=True)
        assert found == ModelFolder(NAME, snapshot, COMMIT)

    def test_a_pickle_goes_on_with_its_commit(self, tiny_encoder, hub_cache):
        put_into_cache(tiny_encoder("wav2vec2"), hub_cache)
        encoder = Wav2Vec2Transformer(NAME).fit(BURST)
        (hub_cache / "models--somebody--tiny-encoder" / "refs" / "main").write_text("f" * 40)
        again = pickle.loads(pickle.dumps(encoder))
        np.testing.assert_array_equal(again.transform(BURST), encoder.transform(BURST))


def test_exports_lie_beside_the_cache(tmp_path):
    pytest.importorskip("huggingface_hub", reason="the extra wav2vec2 is not installed")
    code = "from sklearn_ser.encoders._hub import cache_home; print(cache_home())"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path / "hub")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == str(tmp_path / "sklearn_ser")


class TestAbsent:
    @pytest.mark.parametrize("options", [{}, {"revision": "v2"}])
    def test_local_files_only_says_how_to_fetch(self, options, hub_cache):
        encoder = Wav2Vec2Transformer(NAME, local_files_only=True, **options)
        command = f"hf download {NAME}{' --revision v2' if options else ''}; or copy"
        message = f"{re.escape(str(hub_cache))}.*{re.escape(command)}"
        with pytest.raises(EncoderNotFoundError, match=message):
            encoder.fit(BURST)

    def test_no_network(self, hub_cache, monkeypatch):
        def refuse(*_: object, **__: object) -> None:
            raise ConnectionError("Network is unreachable")

        import huggingface_hub

        fetch = huggingface_hub.snapshot_download
        monkeypatch.setattr(
            huggingface_hub,
            "snapshot_download",
            lambda *names, **given: (fetch if given["local_files_only"] else refuse)(
                *names, **given
            ),
        )
        with pytest.raises(EncoderNotFoundError, match=r"ConnectionError: Network is unreachable"):
            Wav2Vec2Transformer(NAME).fit(BURST)

    def test_a_name_that_cannot_be(self, hub_cache):
        with pytest.raises(EncoderNotFoundError, match="'some body' is neither a folder here nor"):
            Wav2Vec2Transformer("some body").fit(BURST)

    @pytest.mark.parametrize("path", ["/nowhere/model", "./model", "a/b/c", "~/no such model"])
    def test_a_folder_that_is_not_there(self, path):
        with pytest.raises(EncoderNotFoundError, match="is not a folder"):
            Wav2Vec2Transformer(path).fit(BURST)


class TestFolder:
    @pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
    def test_a_file_is_missing(self, name, copied):
        (copied / name).unlink()
        with pytest.raises(EncoderError, match=rf"has no .*{name}.* in '.*model'"):
            Wav2Vec2Transformer(copied).fit(BURST)

    def test_a_model_of_another_kind(self, copied):
        (copied / "config.json").write_text('{"model_type": "bert"}')
        with pytest.raises(EncoderError, match=r"of type 'bert'.* Known are wav2vec2, hubert"):
            Wav2Vec2Transformer(copied).fit(BURST)

    @pytest.mark.parametrize(
        "content", ["{", "[]", '{"model_type": "hubert", "hidden_size": "wide"}']
    )
    def test_a_configuration_that_is_none(self, content, copied):
        (copied / "config.json").write_text(content)
        with pytest.raises(EncoderError, match=r"config\.json"):
            Wav2Vec2Transformer(copied).fit(BURST)

    def test_another_sample_rate(self, copied):
        speech = {"sampling_rate": 8000}
        (copied / "preprocessor_config.json").write_text(json.dumps(speech))
        with pytest.raises(EncoderError, match=r"Set sample_rate=8000, and convert the clips"):
            Wav2Vec2Transformer(copied).fit(BURST)

    def test_weights_cut_short(self, copied):
        weights = copied / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:5000])
        encoder = Wav2Vec2Transformer(copied).fit(BURST)
        with pytest.raises(EncoderError, match=r"cannot be read \(model\.safetensors in .*anew"):
            encoder.transform(BURST)

    def test_weights_of_another_shape(self, copied, tiny_encoder):
        shutil.copy(Path(tiny_encoder("whisper"), "model.safetensors"), copied)
        encoder = Wav2Vec2Transformer(copied).fit(BURST)
        with pytest.raises(EncoderError, match=r"tensors are missing or misshapen"):
            encoder.transform(BURST)

    def test_a_pickle_with_code_in_it_is_not_run(self, copied, tmp_path):
        (copied / "model.safetensors").unlink()
        (copied / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(str(tmp_path / "sprung"))))
        encoder = Wav2Vec2Transformer(copied).fit(BURST)
        with pytest.raises(EncoderError, match=r"pytorch_model\.bin"):
            encoder.transform(BURST)
        assert not (tmp_path / "sprung").exists()

    def test_tensors_saved_by_torch_are_read(self, copied, tiny_encoder):
        import torch
        from safetensors.torch import load_file

        tensors = load_file(copied / "model.safetensors")
        (copied / "model.safetensors").unlink()
        torch.save(tensors, copied / "pytorch_model.bin")
        found = Wav2Vec2Transformer(copied).fit_transform(BURST)
        expected = Wav2Vec2Transformer(tiny_encoder("wav2vec2")).fit_transform(BURST)
        np.testing.assert_array_equal(found, expected)

    def test_names_of_older_checkpoints_are_known(self, copied, tiny_encoder):
        """As the hub has wav2vec2-base: below a head, its norm of weights by the older names."""
        import torch
        from safetensors.torch import load_file

        tensors = load_file(copied / "model.safetensors")
        (copied / "model.safetensors").unlink()
        older = {".parametrizations.weight.original0": ".weight_g"}
        older[".parametrizations.weight.original1"] = ".weight_v"
        renamed = {"project_q.bias": torch.zeros(3)}
        for name, tensor in tensors.items():
            for new, old in older.items():
                name = name.replace(new, old)
            renamed[f"wav2vec2.{name}"] = tensor
        assert any(name.endswith(".weight_g") for name in renamed)
        torch.save(renamed, copied / "pytorch_model.bin")
        found = Wav2Vec2Transformer(copied).fit_transform(BURST)
        expected = Wav2Vec2Transformer(tiny_encoder("wav2vec2")).fit_transform(BURST)
        np.testing.assert_array_equal(found, expected)

    def test_an_encoder_below_a_head(self, tiny_encoder, tmp_path):
        """As the hub has Whisper: encoder and decoder in one model that writes text."""
        import transformers

        kind = transformers.WhisperForConditionalGeneration
        model = kind.from_pretrained(tiny_encoder("whisper"))
        model.save_pretrained(tmp_path / "whole")
        found = Wav2Vec2Transformer(tmp_path / "whole").fit_transform(BURST)
        expected = Wav2Vec2Transformer(tiny_encoder("whisper")).fit_transform(BURST)
        np.testing.assert_array_equal(found, expected)

    def test_new_weights_in_the_folder_are_seen(self, copied, tiny_encoder):
        encoder = Wav2Vec2Transformer(copied).fit(BURST)
        before = encoder.transform(BURST)
        shutil.copy(Path(tiny_encoder("hubert"), "config.json"), copied)
        with pytest.raises(EncoderError, match="is not the one of fit"):
            encoder.transform(BURST)
        shutil.copy(Path(tiny_encoder("hubert"), "model.safetensors"), copied)
        assert not np.array_equal(encoder.fit_transform(BURST), before)


class Trap:
    """Makes a file where it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


class TestMissingExtra:
    """These run where nothing of the extra is installed, too."""

    @pytest.fixture
    def folder(self, tmp_path) -> Path:
        (tmp_path / "config.json").write_text('{"model_type": "wav2vec2"}')
        (tmp_path / "model.safetensors").write_bytes(b"")
        return tmp_path

    def test_it_is_named(self, folder, monkeypatch):
        monkeypatch.setitem(sys.modules, "transformers", None)
        with pytest.raises(MissingExtraError, match=r'pip install "sklearn-ser\[wav2vec2\]"'):
            Wav2Vec2Transformer(folder).fit(BURST)

    def test_it_is_named_for_models_of_the_hub(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "huggingface_hub", None)
        with pytest.raises(MissingExtraError, match=r'pip install "sklearn-ser\[wav2vec2\]"'):
            Wav2Vec2Transformer().fit(BURST)

    def test_it_is_named_where_torch_alone_is_missing(self, tiny_encoder, monkeypatch):
        from sklearn_ser.encoders._torch import load_network

        found = find_model(tiny_encoder("hubert"), None, local_files_only=True)
        architecture = read_architecture(found.path, found.name)
        monkeypatch.setitem(sys.modules, "torch", None)
        with pytest.raises(MissingExtraError, match=r"'torch', .*sklearn-ser\[wav2vec2\]"):
            load_network(found, architecture, 1)
