"""AudioClips: a sequence that keeps what it knows through slicing, pickling and mapping."""

from __future__ import annotations

import pickle
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_ser.audio import AudioClips, WaveformCropper, write_audio
from sklearn_ser.exceptions import AudioError, AudioReadError, AudioWarning

waveforms = st.lists(
    hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(-1, 1, width=32)),
    min_size=1,
    max_size=8,
)


def gain(waveform: np.ndarray, factor: float) -> np.ndarray:
    return waveform * np.float32(factor)


def empty(waveform: np.ndarray) -> np.ndarray:
    return waveform[:0]


def assert_same(clips: AudioClips, expected: list[np.ndarray]) -> None:
    assert len(clips) == len(expected)
    for clip, wave in zip(clips, expected, strict=True):
        np.testing.assert_array_equal(clip, wave)


@given(waveforms, st.data())
def test_slicing_pickling_and_joining_give_the_same_samples(waves, data) -> None:
    speakers = [f"s{i % 3}" for i in range(len(waves))]
    clips = AudioClips(waves, metadata=pd.DataFrame({"speaker": speakers}))
    chosen = data.draw(st.lists(st.integers(0, len(waves) - 1), max_size=10))
    taken = clips[chosen]
    expected = [waves[i] for i in chosen]
    assert_same(taken, expected)
    assert taken.speakers.tolist() == [speakers[i] for i in chosen]
    again = pickle.loads(pickle.dumps(taken))
    assert_same(again, expected)
    assert again.speakers.tolist() == taken.speakers.tolist()
    assert_same(AudioClips.concatenate([clips, again]), waves + expected)


def test_every_way_of_indexing(speech: AudioClips) -> None:
    mask = speech.speakers == "speaker-3"
    for key in (mask, np.flatnonzero(mask), slice(15, 20), list(range(15, 20)), pd.Series(mask)):
        taken = speech[key]
        assert isinstance(taken, AudioClips)
        assert set(taken.speakers) == {"speaker-3"}
        assert taken.shape == (5,)
    rows = speech[[1, 2], ...]
    assert rows.shape == (2,)
    np.testing.assert_array_equal(speech[-1], speech[len(speech) - 1])
    np.testing.assert_array_equal(speech[np.int64(2)], speech[2])
    assert len(speech[[]]) == 0
    assert speech[::-1].speakers[0] == "speaker-7"


def test_impossible_indices_are_errors(speech: AudioClips) -> None:
    with pytest.raises(IndexError, match="out of bounds"):
        speech[100]
    with pytest.raises(IndexError, match=r"too many indices|one axis"):
        speech[1, 2]
    with pytest.raises(IndexError, match="one axis"):
        speech[np.zeros((2, 2), int)]


def test_waveforms_are_read_only_also_after_a_pickle(speech: AudioClips) -> None:
    for clips in (speech, pickle.loads(pickle.dumps(speech)), speech.map(np.abs)):
        with pytest.raises(ValueError, match="read-only"):
            clips[0][0] = 1.0
    with pytest.raises(AttributeError, match="immutable"):
        speech.sample_rate = 8000


def test_a_table_given_or_taken_is_a_copy(speech: AudioClips) -> None:
    table = speech.metadata
    table["speaker"] = "somebody"
    assert set(speech.speakers) != {"somebody"}


def test_a_small_slice_leaves_the_rest_of_its_buffer_behind(speech: AudioClips) -> None:
    whole = len(pickle.dumps(speech))
    small = speech[3:5]
    assert len(pickle.dumps(small)) < whole / 5
    assert len(pickle.dumps(speech[[3] * 1000])) < whole / 5
    assert_same(pickle.loads(pickle.dumps(small)), [speech[3], speech[4]])


def test_a_pickle_of_undecoded_clips_holds_paths() -> None:
    n_clips = 20_000
    paths = [f"/corpus/actor_{i % 91}/clip_{i}.wav" for i in range(n_clips)]
    table = pd.DataFrame({"speaker": [f"actor-{i % 91}" for i in range(n_clips)]})
    clips = AudioClips.from_files(paths, metadata=table)
    assert len(pickle.dumps(clips)) < 100 * n_clips
    assert not clips.in_memory


def test_files_are_decoded_when_touched(sound_files, speech) -> None:
    lazy = AudioClips.from_files([*sound_files, "missing.wav"])
    np.testing.assert_allclose(lazy[2], speech[2], atol=1e-4)
    with pytest.raises(AudioReadError, match=r"missing\.wav does not exist"):
        lazy[6]
    loaded = lazy[:6].load(n_jobs=2)
    assert loaded.in_memory
    assert_same(loaded, list(lazy[:6]))
    assert loaded.paths.tolist() == sound_files
    assert loaded.load() is loaded


def test_loading_names_every_unreadable_file(sound_files) -> None:
    with pytest.raises(AudioReadError, match=r"12 recordings cannot be used(.|\n)*2 more"):
        AudioClips.from_files([*sound_files, *(f"gone{i}.wav" for i in range(12))]).load()


def test_silence_may_stand_for_an_unreadable_file(sound_files) -> None:
    lazy = AudioClips.from_files([sound_files[0], "gone.wav"], on_error="silence", duration=0.05)
    with pytest.warns(AudioWarning, match=r"gone\.wav does not exist.*Silence"):
        clip = lazy[1]
    np.testing.assert_array_equal(clip, np.zeros(800))


def test_joining_keeps_undecoded_clips_undecoded(sound_files, speech) -> None:
    doubled = speech[:2].map(partial(gain, factor=2.0)).with_metadata(None)
    joined = AudioClips.concatenate([doubled, AudioClips.from_files(sound_files[3:4])])
    assert not joined.in_memory
    assert joined.paths.tolist() == [None, None, sound_files[3]]
    np.testing.assert_array_equal(joined[1], 2 * speech[1])
    np.testing.assert_allclose(joined[2], speech[3], atol=1e-4)
    assert joined[:2].in_memory


def test_joining_keeps_a_common_buffer_once(speech) -> None:
    louder = speech.map(partial(gain, factor=2.0))
    other = AudioClips([[0.5]], metadata=pd.DataFrame({"speaker": ["x"]}))
    joined = AudioClips.concatenate([speech, other, louder[3:5], speech[::-1]])
    expected = [*speech, np.float32([0.5]), *(2 * w for w in speech[3:5]), *speech[::-1]]
    assert_same(joined, expected)
    assert_same(pickle.loads(pickle.dumps(joined)), expected)
    assert len(pickle.dumps(joined)) < 1.2 * len(pickle.dumps(speech))


def test_parts_that_do_not_fit_are_refused(speech) -> None:
    with pytest.raises(AudioError, match="at least one part"):
        AudioClips.concatenate([])
    with pytest.raises(AudioError, match=r"\[8000, 16000\] Hz cannot be joined"):
        AudioClips.concatenate([speech, AudioClips([[0.1]], 8000)])
    with pytest.raises(AudioError, match=r"Parts \[1\] have no speakers"):
        AudioClips.concatenate([speech, AudioClips([[0.1]])])


def test_maps_are_applied_in_order_when_touched(speech) -> None:
    mapped = speech.map(partial(gain, factor=2.0)).map(np.abs)
    np.testing.assert_array_equal(mapped[4], np.abs(speech[4] * 2))
    again = pickle.loads(pickle.dumps(mapped[3:9]))
    np.testing.assert_array_equal(again[1], mapped[4])
    assert_same(mapped.load(), list(mapped))


def test_a_map_that_cannot_travel_is_refused(speech) -> None:
    with pytest.raises(AudioError, match="takes picklable callables"):
        speech.map(lambda waveform: waveform)


def test_an_error_in_a_map_names_clip_and_step(sound_files) -> None:
    clips = AudioClips.from_files(sound_files).map(empty)
    with pytest.raises(AudioError, match=r"X\[1\] \(.*clip 1 é.wav\): empty: .*no samples"):
        clips[1]


def test_resampling_decodes_at_the_new_rate_or_maps(sound_files, speech) -> None:
    lazy = AudioClips.from_files(sound_files).resampled(8000)
    eager = AudioClips.from_files(sound_files).load().resampled(8000)
    assert lazy.sample_rate == eager.sample_rate == 8000
    np.testing.assert_array_equal(lazy[0], eager[0])
    assert speech.resampled(16000) is speech
    assert len(eager[0]) == pytest.approx(len(speech[0]) / 2, abs=1)


def test_equal_lengths_are_an_array_others_are_not(speech) -> None:
    cropped = WaveformCropper(0.05).fit_transform(speech)
    assert np.asarray(cropped).shape == (40, 800)
    assert np.asarray(speech, dtype=object).shape == (40,)
    with pytest.raises(ValueError, match="Put a feature extractor such as MFCCTransformer"):
        np.asarray(speech)


@pytest.mark.parametrize(
    ("waves", "message"),
    [
        ([[]], r"X\[0\] has no samples"),
        ([[0.0], [np.nan]], r"X\[1\] contains NaN or infinity"),
        ([[0.0], [np.inf]], r"X\[1\] contains NaN or infinity"),
        ([np.zeros((5, 2))], r"X\[0\] has shape \(5, 2\)"),
        ([["a"]], r"X\[0\] has shape \(1,\) and dtype"),
    ],
)
def test_waveforms_that_are_none(waves, message) -> None:
    with pytest.raises(AudioError, match=message):
        AudioClips(waves)


def test_a_table_of_another_length_is_refused(speech) -> None:
    with pytest.raises(AudioError, match="metadata has 1 rows for 40 clips"):
        speech.with_metadata(pd.DataFrame({"speaker": ["a"]}))


def test_keys_change_with_samples_steps_and_files(tmp_path, speech) -> None:
    plain, mapped = speech.cache_keys(), speech.map(np.abs).cache_keys()
    assert len({*plain, *mapped}) == 80
    assert speech.map(partial(gain, factor=2.0)).cache_keys() != mapped
    assert pickle.loads(pickle.dumps(speech[[7]])).cache_keys() == [plain[7]]
    path = tmp_path / "a.wav"
    write_audio(path, speech[0] / 2, 16000)
    before = AudioClips.from_files([path, "gone.wav"]).cache_keys()
    assert before[1] is None
    write_audio(path, speech[1] / 2, 16000)
    after = AudioClips.from_files([path, path]).cache_keys()
    assert after[0] == after[1] != before[0]
    assert AudioClips.from_files([path], offset=0.1).cache_keys() != after[:1]
    assert AudioClips.from_files([path], 8000).cache_keys() != after[:1]


def read_flags(clips: AudioClips) -> tuple[bool, bool]:
    return isinstance(clips._store.flat, np.memmap), clips[0].flags.writeable


def test_workers_map_the_buffer_from_disk() -> None:
    clips = AudioClips([np.zeros(400_000), np.zeros(10)])
    (flags,) = joblib.Parallel(n_jobs=2)(joblib.delayed(read_flags)(c) for c in [clips])
    assert flags == (True, False)


def test_text_and_html_tell_what_the_clips_are(sound_files, speech) -> None:
    assert repr(speech).startswith("<AudioClips: 40 clips of 8 speakers at 16000 Hz, ")
    lazy = AudioClips.from_files([*sound_files[:1], "<gone>.wav"])
    assert "decoded when touched" in repr(lazy)
    page = speech._repr_html_()
    assert page.count("<audio controls") == 3
    assert "speaker-0" in page
    assert "... and 37 more" in page
    broken = lazy._repr_html_()
    assert broken.count("<audio controls") == 1
    assert "&lt;gone&gt;.wav does not exist" in broken
