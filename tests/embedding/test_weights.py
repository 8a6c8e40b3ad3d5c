"""A file of weights is read whole or not at all, and says what is wrong with it."""

from __future__ import annotations

import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ser.embedding import _weights, load_encoder
from sklearn_ser.embedding._weights import (
    FORMAT,
    EncoderHeader,
    find_weights,
    load_weights,
    read_weights,
    write_weights,
)
from sklearn_ser.exceptions import EncoderError, EncoderNotFoundError

AFTER_THE_START = 42  # magic, version and checksum


@pytest.fixture
def copy(voice_encoder, tmp_path) -> Path:
    """A file to be spoiled."""
    path = tmp_path / "mine.encoder"
    path.write_bytes(Path(voice_encoder).read_bytes())
    return path


def with_bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


class TestWritten:
    def test_what_was_written_is_read(self, voice_encoder, tmp_path):
        found = read_weights(voice_encoder)
        path = tmp_path / "again.encoder"
        sha256 = write_weights(path, found.header, found.frames_graph, found.clip_graph)
        assert read_weights(path) == found
        assert sha256 == found.sha256
        assert path.read_bytes() == Path(voice_encoder).read_bytes()

    def test_the_header_survives_json(self, voice_encoder):
        header = read_weights(voice_encoder).header
        assert EncoderHeader.from_dict(header.to_dict()) == header
        assert header.form.hop == 8
        assert header.form.count_frames(17) == 3
        assert header.form.count_frames(17, 2) == 9

    def test_another_card_is_another_checksum(self, voice_encoder, tmp_path):
        found = read_weights(voice_encoder)
        header = replace(found.header, card={"data": "é"})
        sha256 = write_weights(tmp_path / "a", header, found.frames_graph, found.clip_graph)
        assert sha256 != found.sha256
        assert read_weights(tmp_path / "a").header.card == {"data": "é"}

    def test_nothing_is_left_of_a_failed_write(self, voice_encoder, tmp_path):
        found = read_weights(voice_encoder)
        header = replace(found.header, temperature=float("nan"))
        with pytest.raises(ValueError, match="Out of range float values"):
            write_weights(tmp_path / "a", header, found.frames_graph, found.clip_graph)
        assert list(tmp_path.iterdir()) == []


class TestSpoiled:
    @settings(max_examples=300)
    @given(data=st.data())
    def test_one_byte_changed_anywhere(self, data, voice_encoder, tmp_path_factory):
        content = bytearray(Path(voice_encoder).read_bytes())
        place = data.draw(st.integers(0, len(content) - 1), label="place")
        content[place] ^= data.draw(st.integers(1, 255), label="change")
        path = tmp_path_factory.mktemp("spoiled") / "a.encoder"
        with pytest.raises(
            EncoderError, match=r"a\.encoder' (holds no|have format|are (damaged|cut))"
        ):
            read_weights(with_bytes(path, bytes(content)))

    @settings(max_examples=100)
    @given(data=st.data())
    def test_cut_off_anywhere(self, data, voice_encoder, tmp_path_factory):
        content = Path(voice_encoder).read_bytes()
        size = data.draw(st.integers(1, len(content) - 1), label="size")
        path = tmp_path_factory.mktemp("short") / "a.encoder"
        # Of half a header nobody can tell whether it was cut off or changed.
        with pytest.raises(EncoderError, match=r"a\.encoder' are (cut off: \d+|damaged)"):
            read_weights(with_bytes(path, content[:size]))

    def test_cut_off_says_by_how_much(self, copy):
        content = copy.read_bytes()
        with_bytes(copy, content[:-10])
        size = len(content)
        with pytest.raises(EncoderError, match=rf"are cut off: {size - 10} of {size} bytes"):
            read_weights(copy)

    def test_cut_off_in_the_start(self, copy):
        with_bytes(copy, copy.read_bytes()[:20])
        with pytest.raises(EncoderError, match=r"are cut off: 20 bytes are there\. Copy the file"):
            read_weights(copy)

    def test_too_long(self, copy):
        with_bytes(copy, copy.read_bytes() + b"\n")
        with pytest.raises(EncoderError, match="are damaged: their checksum does not fit"):
            read_weights(copy)

    @pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"RIFF" + bytes(100)])
    def test_another_kind(self, content, tmp_path):
        path = with_bytes(tmp_path / "model.joblib", content)
        with pytest.raises(EncoderError, match=r"model\.joblib' holds no weights of a voice enc"):
            read_weights(path)

    def test_a_newer_format(self, copy):
        content = bytearray(copy.read_bytes())
        struct.pack_into("<H", content, 8, FORMAT + 1)
        with pytest.raises(EncoderError, match=r"have format 2, and this .* reads format 1\. Upd"):
            read_weights(with_bytes(copy, bytes(content)))

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"classes": None}, "TypeError"),
            ({"front_end": {"n_bands": 16}}, "a front end has the fields"),
            ({"reach": "far"}, "invalid literal"),
            ({"speeds": []}, r"speeds are one number or more from 0\.5 to 2"),
            ({"speeds": [0.9, 0]}, r"speeds are one number or more from 0\.5 to 2"),
            ({"clip_bytes": 5}, "its graphs end at byte"),
        ],
        ids=str,
    )
    def test_whole_but_of_another_version(self, changes, named, copy, monkeypatch):
        found = read_weights(copy)
        said = {**found.header.to_dict(), **changes}
        monkeypatch.setattr(EncoderHeader, "to_dict", lambda _: said)
        if "clip_bytes" in changes:
            dumps = _weights.json.dumps
            monkeypatch.setattr(
                _weights.json, "dumps", lambda d, **options: dumps({**d, **changes}, **options)
            )
        write_weights(copy, found.header, found.frames_graph, found.clip_graph)
        with pytest.raises(EncoderError, match=rf"are whole, and yet their header.*{named}"):
            read_weights(copy)

    def test_a_graph_that_onnx_runtime_refuses(self, copy):
        found = read_weights(copy)
        write_weights(copy, found.header, b"no graph", found.clip_graph)
        with pytest.raises(EncoderError, match=r"ONNX Runtime \S+ cannot run the weights 'tiny'"):
            load_encoder(copy).frames([0.0] * 800)


class TestFound:
    def test_by_path_from_anywhere(self, copy, monkeypatch):
        monkeypatch.chdir(copy.parent)
        assert find_weights("mine.encoder") == find_weights(copy) == copy

    def test_by_name(self, copy, monkeypatch):
        monkeypatch.setattr(_weights, "_SHIPPED", copy.parent)
        assert _weights.shipped_names() == ["mine"]
        assert find_weights("mine") == copy
        assert load_weights("mine") == read_weights(copy)

    def test_unknown(self, copy, monkeypatch):
        monkeypatch.setattr(_weights, "_SHIPPED", copy.parent)
        with pytest.raises(
            EncoderNotFoundError, match=r"package, which has mine\. Did you mean 'mi"
        ):
            find_weights("nine")

    def test_a_folder(self, tmp_path):
        with pytest.raises(EncoderNotFoundError, match=r"is a folder\. Give a file \(\.encoder\)"):
            find_weights(tmp_path)

    def test_read_of_nothing(self, tmp_path):
        with pytest.raises(
            EncoderNotFoundError, match=r"There is no weights file '.*none\.encoder"
        ):
            read_weights(tmp_path / "none.encoder")
        with pytest.raises(EncoderNotFoundError, match=r"' is a folder\. Give"):
            read_weights(tmp_path)

    def test_no_permission(self, copy, monkeypatch):
        def refuse(_: Path) -> bytes:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", refuse)
        with pytest.raises(EncoderError, match="cannot be read: Permission denied"):
            read_weights(copy)


class TestKept:
    def test_read_once(self, copy, monkeypatch):
        reads = []
        read = _weights.read_weights
        monkeypatch.setattr(_weights, "read_weights", lambda path: reads.append(path) or read(path))
        assert load_encoder(copy) is load_encoder(str(copy))
        assert load_weights(copy) is load_weights(copy)
        assert reads == [copy]

    def test_read_again_once_changed(self, copy, write_voice_encoder):
        first = load_encoder(copy)
        write_voice_encoder(copy, seed=1)
        state = copy.stat()
        os.utime(copy, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000))
        assert load_encoder(copy).sha256 != first.sha256


def test_what_is_shipped_is_small_and_whole():
    for name in _weights.shipped_names():
        path = find_weights(name)
        assert path.stat().st_size <= 3_000_000
        assert read_weights(path).header.name == name
