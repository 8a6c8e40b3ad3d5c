from __future__ import annotations

import numpy as np
import pytest

from sklearn_ser import AudioClips
from sklearn_ser.embedding._front_end import FrontEnd
from sklearn_ser.encoder_training._spectra import Hearing, measure_spectra, whiten

FRONT_END = FrontEnd()


@pytest.fixture(scope="module")
def spectra(speech):
    return measure_spectra(speech.data[:6], FRONT_END, (0.9, 1.0, 1.1))


def test_powers_are_those_of_the_front_end(speech, spectra):
    for clip in range(6):
        exact = FRONT_END.power(speech.data[clip])
        found = spectra.power(clip, spectra.as_recorded)
        assert 10 * np.abs(np.log10(found / exact)).max() < 0.1  # decibels


def test_a_faster_clip_is_shorter_and_higher(spectra):
    slow, usual, fast = ([len(log) for log in logs] for logs in spectra.logs)
    assert np.allclose(np.divide(usual, slow), 0.9, atol=0.01)
    assert np.allclose(np.divide(usual, fast), 1.1, atol=0.01)
    mean_band = [np.mean([log.astype(float).mean(axis=0) for log in logs], axis=0)
                 for logs in spectra.logs]  # fmt: skip
    centres = [np.exp(m) @ np.arange(64) / np.exp(m).sum() for m in mean_band]
    assert centres[0] < centres[1] < centres[2]


def test_files_are_heard_as_clips_in_memory_are(table):
    paths = [table.parent / f"{number}.wav" for number in range(5)]
    lazy = AudioClips.from_files(paths)
    decoded = lazy.load()
    one, other = (
        measure_spectra(clips, FRONT_END, (1.0,), n_jobs=n).fingerprint()
        for clips, n in ((lazy, 2), (decoded, 1))
    )
    assert one == other
    assert not lazy.in_memory


def test_the_fingerprint_is_of_the_clips(speech, spectra):
    other = measure_spectra(speech.data[1:7], FRONT_END, (1.0,))
    assert other.fingerprint() != spectra.fingerprint()


def test_whitening_is_learned_from_the_training_clips_alone(spectra):
    found = np.array(whiten(FRONT_END, spectra, [0, 2]).whitening)
    exact = [FRONT_END.long_term_spectrum(spectra.power(clip, 1)) for clip in (0, 2)]
    np.testing.assert_allclose(found, np.mean(exact, axis=0), atol=1e-4)
    assert np.abs(found - whiten(FRONT_END, spectra, [1, 3]).whitening).max() > 0.1


def test_what_is_heard_is_what_the_encoder_will_hear(speech, spectra):
    front_end = whiten(FRONT_END, spectra, [0, 1])
    hearing = Hearing(spectra, front_end)
    for _ in range(2):  # computed, and kept
        exact = front_end(speech.data[3])
        found = front_end.cut(hearing.plain(3))
        assert found.shape == exact.shape
        # in tens of decibels; what lies next to the noise that is subtracted is less exact
        assert np.abs(found - exact).mean() < 0.003
        assert np.quantile(np.abs(found - exact), 0.99) < 0.03


def test_noise_is_heard(spectra):
    hearing = Hearing(spectra, FRONT_END)
    n_frames, loudness = hearing.loudness(0, 1)
    noise = np.random.default_rng(0).gamma(2, loudness / 20, size=(n_frames, 64))
    noisy = hearing.changed(0, 1, None, noise.astype(np.float32))
    plain = hearing.plain(0).astype(np.float32)
    assert noisy[..., 0].std() < plain[..., 0].std()
    assert hearing.noise_floor(0).mean() == pytest.approx(1)
