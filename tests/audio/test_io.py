"""Reading, writing and resampling of sound files, whole and broken."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sklearn_ser.audio import read_audio, resample, write_audio
from sklearn_ser.exceptions import AudioError, AudioReadError


def tone(seconds: float = 0.5, rate: int = 16000) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype("f4")


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg", ".mp3"])
def test_formats_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, tone(), 16000)
    waveform, rate = read_audio(path)
    assert rate == 16000
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    assert np.sqrt(np.mean(waveform**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_bit_depth_has_full_scale_one(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(), 16000, subtype=subtype)
    np.testing.assert_allclose(read_audio(path)[0], tone(), atol=1 / 100)


@pytest.mark.parametrize("n_channels", [2, 8])
def test_channels_are_averaged(tmp_path: Path, n_channels: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.outer(tone(), np.linspace(0, 1, n_channels)), 16000, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(path)[0], tone() / 2, atol=1e-6)


def test_resampled_tone_keeps_its_pitch_and_level(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(rate=96000), 96000)
    waveform, rate = read_audio(path, sample_rate=16000)
    assert rate == 16000
    assert len(waveform) == 8000
    np.testing.assert_allclose(waveform[500:-500], tone()[500:-500], atol=2e-3)


def test_offset_and_duration_read_a_part(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(), 16000, subtype="FLOAT")
    part, _ = read_audio(path, offset=0.1, duration=0.2)
    np.testing.assert_array_equal(part, tone()[1600:4800])
    rest, _ = read_audio(path, offset=0.4)
    assert len(rest) == 1600


def test_a_header_with_unknown_length_is_read(tmp_path: Path) -> None:
    """What a program writes into a pipe has no length in its header."""
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(), 16000)
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(data))
    assert len(read_audio(path)[0]) == 8000


def text_file(path: Path) -> None:
    path.write_text("these are words, not sounds")


def zero_bytes(path: Path) -> None:
    path.touch()


def header_cut_off(path: Path) -> None:
    soundfile.write(path, tone(), 16000)
    path.write_bytes(path.read_bytes()[:20])


def body_cut_off(path: Path) -> None:
    soundfile.write(path, tone(), 16000)
    path.write_bytes(path.read_bytes()[:5000])


def no_samples(path: Path) -> None:
    soundfile.write(path, np.zeros(0), 16000)


def not_a_number(path: Path) -> None:
    soundfile.write(path, np.array([0.1, np.nan]), 16000, subtype="FLOAT")


def infinity(path: Path) -> None:
    soundfile.write(path, np.array([0.1, np.inf]), 16000, subtype="FLOAT")


def folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    pass


def lfs_pointer(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (text_file, "not a readable sound file"),
        (zero_bytes, "is empty"),
        (header_cut_off, "not a readable sound file|has no samples|cut off"),
        (body_cut_off, r"cut off: its header promises 16000 bytes of audio, 4956 are there"),
        (no_samples, "has no samples"),
        (not_a_number, "contains NaN or infinity"),
        (infinity, "contains NaN or infinity"),
        (folder, "is a folder"),
        (missing, "does not exist"),
        (lfs_pointer, "Git LFS pointer.*git lfs pull"),
    ],
)
def test_broken_files_are_told_apart(tmp_path: Path, make, message: str) -> None:
    path = tmp_path / "broken one é.wav"
    make(path)
    with pytest.raises(AudioReadError, match=message) as caught:
        read_audio(path)
    assert "broken one é.wav" in str(caught.value)


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3"])
def test_compressed_files_that_are_cut_off_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    noise = np.random.default_rng(0).normal(size=32000) / 10
    soundfile.write(path, noise, 16000)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(AudioReadError, match=r"cut off|lost sync"):
        read_audio(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(), 16000)
    path.chmod(0)
    with pytest.raises(AudioReadError, match="permission denied"):
        read_audio(path)


def test_a_refused_permission_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    path.write_text("unreadable")

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AudioReadError, match="permission denied"):
        read_audio(path)


def test_an_offset_beyond_the_end_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(), 16000)
    with pytest.raises(AudioReadError, match=r"no samples after offset=2.0 s"):
        read_audio(path, offset=2.0)


def test_one_sample_is_a_recording_but_may_vanish_in_resampling(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.array([0.5]), 96000)
    assert len(read_audio(path)[0]) == 1
    with pytest.raises(AudioReadError, match=r"1 sample\(s\) at 96000 Hz, none at 16000 Hz"):
        read_audio(path, sample_rate=16000)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_audio(path, tone(), 22050, subtype="FLOAT")
    waveform, rate = read_audio(path)
    assert rate == 22050
    np.testing.assert_array_equal(waveform, tone())


@pytest.mark.parametrize(
    ("name", "waveform", "message"),
    [
        ("a.wav", np.zeros((3, 2)), "1-D"),
        ("a.wav", [np.nan], "NaN"),
        ("a.wav", [1.5], "would be clipped"),
        ("a.xyz", [0.5], "no audio format"),
    ],
)
def test_unwritable_waveforms_leave_no_file(tmp_path: Path, name, waveform, message) -> None:
    with pytest.raises(AudioError, match=message):
        write_audio(tmp_path / name, waveform, 16000)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_audio(path, tone(), 16000)
    before = path.read_bytes()
    with pytest.raises(AudioError, match="cannot be written"):
        write_audio(path, tone(), 16000, subtype="VORBIS")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_rates_must_be_positive() -> None:
    with pytest.raises(AudioError, match="must be positive"):
        resample(tone(), 16000, 0)


def test_odd_originals_are_handled(corpora: Path) -> None:
    folder = corpora / "originals" / "ravdess"
    stereo, rate = read_audio(folder / "Actor_05" / "03-01-02-01-02-02-05.wav")
    assert (stereo.ndim, rate) == (1, 48000)
    with pytest.raises(AudioReadError, match=r"cut off: its header promises 345946 bytes"):
        read_audio(folder / "Actor_05" / "03-01-01-01-01-02-05.wav")
    twins = [folder / "Actor_07" / f"03-01-03-01-02-0{i}-07.wav" for i in (1, 2)]
    np.testing.assert_array_equal(read_audio(twins[0])[0], read_audio(twins[1])[0])
    pointer = corpora / "originals" / "crema_d_lfs" / "AudioWAV" / "1001_DFA_ANG_XX.wav"
    with pytest.raises(AudioReadError, match="Git LFS pointer"):
        read_audio(pointer)


def test_rates_of_the_originals_are_their_own(corpora: Path) -> None:
    assert {read_audio(p)[1] for p in (corpora / "originals" / "tess").iterdir()} == {24414, 96000}
    assert read_audio(corpora / "originals" / "savee" / "DC" / "a01.wav")[1] == 44100
