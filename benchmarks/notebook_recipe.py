"""The features that notebooks take of every clip, against librosa's calls, one thread.

Run with ``python -m benchmarks.notebook_recipe [--repeats 9] [--write]``. Zero crossing rate, RMS,
20 MFCC, 128 mel bands and 12 chroma of clips of 3 s at 22050 Hz with librosa's defaults (n_fft
2048, hop 512). librosa's side is its five calls as they are written in notebooks; ours is one
pass. Chroma's tuning is 0 on both sides, and in a second table estimated for every clip, which
is what librosa does unless told otherwise.
"""

from __future__ import annotations

import argparse
import os
import warnings

import librosa
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks._report import environment, table, write_section
from benchmarks.features import Clips, Contender, _figures, make_clips, measure
from sklearn_ser import AudioClips, FrameFeaturesTransformer
from sklearn_ser.features._engine import FrameSettings, extract_frames

COMMAND = "python -m benchmarks.notebook_recipe"
SAMPLE_RATE, SECONDS, N_CLIPS = 22050, 3, 64
RECIPE = ("zcr", "rms", "mfcc", "mel", "chroma")
LENGTHS = {"n_fft": 2048, "hop_length": 512, "n_mels": 128}


def clips_of_notebooks() -> Clips:
    """Return the clips of the other benchmark, at the rate that librosa loads at."""
    return [librosa.resample(clip, orig_sr=16000, target_sr=SAMPLE_RATE) for clip in make_clips()]


def librosa_recipe(clip: np.ndarray, tuning: float | None) -> list[np.ndarray]:
    feature = librosa.feature
    return [
        feature.zero_crossing_rate(clip),
        feature.rms(y=clip),
        feature.mfcc(y=clip, sr=SAMPLE_RATE),
        feature.melspectrogram(y=clip, sr=SAMPLE_RATE),
        feature.chroma_stft(y=clip, sr=SAMPLE_RATE, tuning=tuning),
    ]


def by_librosa(tuning: float | None) -> Contender:
    return lambda clips: [librosa_recipe(clip, tuning) for clip in clips]


def engine_settings(tuning: float | None) -> FrameSettings:
    return FrameSettings(RECIPE, SAMPLE_RATE, 2048, 512, 2048, 2048, tuning=tuning)


def by_engine(tuning: float | None) -> Contender:
    settings = engine_settings(tuning)
    return lambda clips: [extract_frames(clip, settings) for clip in clips]


def by_transformer(clips: Clips, tuning: float | None) -> Contender:
    extractor = FrameFeaturesTransformer(
        RECIPE, sample_rate=SAMPLE_RATE, to_db=False, tuning=tuning, **LENGTHS
    )
    speech = AudioClips(clips, SAMPLE_RATE)
    return lambda clips: extractor.fit_transform(speech[: len(clips)])


def largest_difference(clips: Clips, tuning: float | None) -> str:
    """Compare the numbers themselves, so that the table compares like with like."""
    worst = 0.0
    for clip in clips[:8]:
        expected = np.vstack(librosa_recipe(clip, tuning))
        ours = extract_frames(clip, engine_settings(tuning)).T
        worst = max(worst, float(np.abs(ours - expected).max()))
    return f"largest difference from librosa in any value: {worst:.1e}"


def recipe_table(clips: Clips, repeats: int, tuning: float | None) -> str:
    contenders: dict[str, Contender] = {
        "librosa: five calls": by_librosa(tuning),
        "sklearn_ser: extract_frames": by_engine(tuning),
        "sklearn_ser: FrameFeaturesTransformer": by_transformer(clips, tuning),
    }
    times = measure(contenders, clips, repeats)
    theirs = min(times["librosa: five calls"])
    rows = [(name, *_figures(found), f"{theirs / min(found):.1f}") for name, found in times.items()]
    title = "tuning estimated" if tuning is None else f"tuning={tuning:g}"
    header = (f"zcr, rms, mfcc, mel, chroma; {title}", "fastest, ms", "median, ms", "librosa /")
    return f"{table(header, rows)}\n\n{largest_difference(clips, tuning).capitalize()}."


def report(repeats: int) -> str:
    clips = clips_of_notebooks()
    load = os.getloadavg()[0]
    setting = (
        f"{N_CLIPS} clips of {SECONDS} s at {SAMPLE_RATE} Hz, librosa's defaults, one thread, "
        f"{repeats} repetitions in turn, milliseconds a clip; load of the machine at the start "
        f"{load:.1f}."
    )
    tables = [recipe_table(clips, repeats, tuning) for tuning in (0.0, None)]
    return "\n\n".join([setting, *tables, environment("numpy", "scipy", "librosa")])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="keep the tables in RESULTS.md")
    arguments = parser.parse_args()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = report(arguments.repeats)
    print(text)
    if arguments.write:
        write_section(COMMAND, text)


if __name__ == "__main__":
    main()
