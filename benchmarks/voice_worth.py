"""What our tables of features are worth on unseen voices, beside openSMILE's, and what they cost.

RAVDESS and CREMA-D in five folds by speaker, SAVEE leaving one speaker out (also with the tested
sentences kept out of training), TESS from one of its two voices to the other. Every set of
features goes through the same classifiers, tuned over the same grids by folds of the training
speakers. Features are taken raw, or standardised over each speaker's own clips without their
labels; the latter knows the test speakers' other clips, so the two never stand in one table.

Run as ``python -m benchmarks.voice_worth --cache DIR [--corpora savee] [--sets ComParE frames]
[--speed] [--write]`` with SKLEARN_SER_DATA naming the folder of the corpora and openSMILE installed
(``pip install opensmile``). What is taken out of clips beside noise is varied where voices were
recorded in rooms of their own, in SAVEE and TESS. DIR keeps openSMILE's features and the
predictions: a run that was cut off goes on where it was. From nothing, savee takes a quarter of an
hour and crema_d three hours.
"""

from __future__ import annotations

import argparse
import os
import statistics
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Memory
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks._opensmile import OPENSMILE_SETS, opensmile_extractor, opensmile_features
from benchmarks._report import environment, table, write_section
from benchmarks._timing import seconds
from benchmarks._tuned import GRIDS, MODELS, Fold, predictions, progress, uar
from sklearn_ser import AudioClips, make_ser_pipeline
from sklearn_ser.datasets import load_crema_d, load_ravdess, load_savee, load_tess
from sklearn_ser.metrics import speaker_bootstrap_interval
from sklearn_ser.model_selection import default_protocols, get_protocol

DATA = "SKLEARN_SER_DATA"
COMMAND = "python -m benchmarks.voice_worth"
LOADERS: Mapping[str, Callable[..., Any]] = {
    "ravdess": load_ravdess,
    "savee": load_savee,
    "tess": load_tess,
    "crema_d": load_crema_d,
}
REFERENCE = "ComParE"
OURS = (
    "functionals",
    "functionals:none",
    "functionals:level",
    "functionals:spectrum",
    "egemaps_like",
    "frames",
)
# Whose voices were recorded in rooms or at levels of their own: there it matters what is taken out.
ROOMS = ("savee", "tess")
FEWEST_SPEAKERS = 8  # for an interval over speakers
N_TIMED, N_ROUNDS = 24, 5


@dataclass(frozen=True)
class Study:
    """One corpus: its clips, what is felt in them, and each set of features by its name."""

    name: str
    clips: AudioClips
    labels: np.ndarray
    features: Mapping[str, np.ndarray]

    @property
    def speakers(self) -> np.ndarray:
        """Return who speaks in each clip."""
        return np.asarray(self.clips.speakers, dtype=str)

    def folds(self, protocol: str) -> list[Fold]:
        """Return the training and test clips of a named protocol, and inner folds of the former."""
        splits = get_protocol(protocol)
        folds: list[Fold] = []
        for train, test in splits.outer.split(self.clips, self.labels):
            inner = splits.inner.split(self.clips[train], self.labels[train])
            folds.append((train, test, list(inner)))
        return folds


@dataclass(frozen=True, eq=False)
class Outcome:
    """One set of features with one classifier: what it said of the clips that were tested."""

    model: str
    features: str
    n_columns: int
    truth: np.ndarray
    predicted: np.ndarray
    speakers: np.ndarray

    def row(self, reference: Outcome | None) -> list[str]:
        """Return UAR, accuracy and the difference to the reference, in percent."""
        cells = [self.model, self.features, str(self.n_columns)]
        cells += [f"{100 * uar(self.truth, self.predicted):.1f}", self._interval()]
        cells.append(f"{100 * np.mean(self.truth == self.predicted):.1f}")
        if reference is None or reference is self:
            return [*cells, "", ""]
        return [*cells, *self._beside(reference)]

    def _interval(self) -> str:
        if self._too_few_speakers():
            return ""
        found = speaker_bootstrap_interval(
            self.truth, self.predicted, self.speakers, random_state=0
        )
        return "{:.1f} to {:.1f}".format(*(100 * end for end in found))

    def _beside(self, reference: Outcome) -> list[str]:
        gain = uar(self.truth, self.predicted) - uar(self.truth, reference.predicted)
        if self._too_few_speakers():
            return [f"{100 * gain:+.1f}", ""]
        low, high = paired_interval(self.truth, self.predicted, reference.predicted, self.speakers)
        return [f"{100 * gain:+.1f}", f"{100 * low:+.1f} to {100 * high:+.1f}"]

    def _too_few_speakers(self) -> bool:
        return len(set(self.speakers)) < FEWEST_SPEAKERS


def paired_interval(
    truth: np.ndarray, ours: np.ndarray, theirs: np.ndarray, speakers: np.ndarray
) -> tuple[float, float]:
    """Return the interval of a difference in UAR: both models meet the same drawn speakers."""
    classes, codes = np.unique(np.concatenate([truth, ours, theirs]), return_inverse=True)
    true, first, second = codes.reshape(3, -1)
    size = len(classes)

    def gain(true: np.ndarray, both: np.ndarray) -> float:
        hits = (both // size == true).astype(float) - (both % size == true)
        support = np.bincount(true, minlength=size)
        gains = np.bincount(true, weights=hits, minlength=size)
        return float(np.mean(gains[support > 0] / support[support > 0]))

    both = first * size + second
    return speaker_bootstrap_interval(true, both, speakers, gain, random_state=0)


def by_speaker(features: np.ndarray, speakers: np.ndarray) -> np.ndarray:
    """Standardise every speaker's features over that speaker's own clips."""
    result = np.empty_like(features)
    for speaker in np.unique(speakers):
        theirs = speakers == speaker
        result[theirs] = StandardScaler().fit_transform(features[theirs])
    return result


def outcomes(study: Study, protocol: str, standardised: bool, memory: Memory) -> list[Outcome]:
    """Put every set of features through every classifier."""
    folds = study.folds(protocol)
    tested = np.sort(np.concatenate([test for _, test, _ in folds]))
    results = []
    for model in MODELS:
        for name, features in study.features.items():
            way = "standardised by speaker" if standardised else "raw"
            progress(f"{study.name}, {protocol}, {way}: {name}, {model}")
            given = by_speaker(features, study.speakers) if standardised else features
            said = memory.cache(predictions)(given, study.labels, folds, model, GRIDS[model])
            known = (study.labels[tested], said[tested], study.speakers[tested])
            results.append(Outcome(model, name, features.shape[1], *known))
    return results


def worth_table(results: list[Outcome]) -> str:
    """Set the sets beside each other, classifier by classifier."""
    references = {result.model: result for result in results if result.features == REFERENCE}
    header = ["classifier", "features", "columns", "UAR", "95 % of it", "accuracy"]
    header += [f"UAR - {REFERENCE}", "95 % of that"]
    return table(header, [result.row(references.get(result.model)) for result in results])


def report(study: Study, memory: Memory) -> str:
    """Report one corpus in all its protocols, raw and standardised apart."""
    parts = []
    for name in default_protocols(study.name):
        n_tested = sum(len(test) for _, test, _ in study.folds(name))
        parts.append(
            f"**{study.name}, {name}**: {len(study.clips)} clips ({n_tested} tested), "
            f"{len(set(study.speakers))} speakers, {len(set(study.labels))} classes. "
            f"{get_protocol(name).description} In %, over the pooled answers of all folds; "
            "intervals draw whole speakers."
        )
        raw = outcomes(study, name, False, memory)
        parts += ["Features as they are:", worth_table(raw)]
        own = outcomes(study, name, True, memory)
        parts += [
            "Each speaker's features standardised over all of that speaker's clips, without "
            "labels (transductive: a prediction depends on the test speaker's other clips):",
            worth_table(own),
        ]
    return "\n\n".join(parts)


def extractor(name: str) -> Any:
    """Return our transformer of this name, as the pipelines have it.

    What stands behind a colon is taken out of each clip first, instead of the noise that the
    pipeline takes out: "functionals:level+spectrum", "functionals:none".
    """
    table_name, _, normalize = name.partition(":")
    transformer = make_ser_pipeline(table_name, "svm").named_steps["features"]
    if normalize:
        out = () if normalize == "none" else tuple(normalize.split("+"))
        transformer.set_params(normalize=out)
    return transformer


def takes_room_out(name: str) -> bool:
    """Return whether a set is named with what is taken out of its clips."""
    return ":" in name and not name.endswith(":none")


def load(name: str, sets: Sequence[str], cache: Path) -> Study:
    """Load a corpus with the features of all its clips, none of which learn from other clips."""
    speech = LOADERS[name](Path(os.environ[DATA]) / name)
    clips = speech.data
    features = {}
    for chosen in [each for each in sets if name in ROOMS or not takes_room_out(each)]:
        progress(f"{name}: features {chosen}")
        if chosen in OPENSMILE_SETS:
            features[chosen] = opensmile_features(chosen, name, clips, cache)
        else:
            features[chosen] = extractor(chosen).fit_transform(clips)
    return Study(name, clips, np.asarray(speech.target).astype(str), features)


def speed_table(clips: AudioClips, sets: Sequence[str]) -> str:
    """Time the sets on the same decoded clips, in turn, and on a tenth of a second of each."""
    works = {name: work_of(name, clips.sample_rate) for name in sets}
    whole = milliseconds(works, clips)
    least = milliseconds(works, clips.map(first_tenth).load())
    peers = [name for name in sets if name in OPENSMILE_SETS]
    rows = []
    for name in sets:
        faster = [f"{whole[peer] / whole[name]:.1f}" for peer in peers]
        rows.append([name, f"{whole[name]:.2f}", f"{least[name]:.2f}", *faster])
    header = ["features", "ms a clip", "ms for 0.1 s", *(f"{peer} /" for peer in peers)]
    length = sum(len(clip) for clip in clips) / len(clips) / clips.sample_rate
    text = (
        f"One thread, {len(clips)} decoded clips of {length:.1f} s on average, medians of "
        f"{N_ROUNDS} rounds in turn. openSMILE by `process_signal`; its time for 0.1 s is mostly "
        "what it takes to start."
    )
    return f"{text}\n\n{table(header, rows)}"


def work_of(name: str, sample_rate: int) -> Callable[[AudioClips], object]:
    """Return what computes a set of features of clips."""
    if name not in OPENSMILE_SETS:
        return extractor(name).fit_transform
    extract = opensmile_extractor(name, sample_rate)
    return lambda clips: [extract(clip) for clip in clips]


def milliseconds(
    works: Mapping[str, Callable[[AudioClips], object]], clips: AudioClips
) -> dict[str, float]:
    """Return the median time a clip over the rounds; what disturbs a round disturbs all."""
    for work in works.values():
        work(clips[:2])
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(N_ROUNDS):
        for name, work in works.items():
            work(clips[:4])  # what ran before has the processor's cache
            times[name].append(seconds(partial(work, clips)))
    return {name: 1e3 * statistics.median(each) / len(clips) for name, each in times.items()}


def first_tenth(clip: np.ndarray) -> np.ndarray:
    """Keep a tenth of a second, at 16 kHz."""
    return clip[:1600]


def some(clips: AudioClips) -> AudioClips:
    """Return clips from all over a corpus."""
    return clips[np.linspace(0, len(clips) - 1, N_TIMED).astype(int)]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Compare our features with openSMILE's.")
    sets = [*OPENSMILE_SETS, *OURS]
    parser.add_argument("--corpora", nargs="+", choices=LOADERS, default=list(LOADERS))
    parser.add_argument("--sets", nargs="+", default=sets, help=f"of {', '.join(sets)}")
    parser.add_argument("--cache", type=Path, required=True, help="folder for what takes long")
    parser.add_argument("--speed", action="store_true", help="measure times instead")
    parser.add_argument("--write", action="store_true", help="keep the tables in RESULTS.md")
    return parser.parse_args()


def main() -> None:
    """Print the report, and keep it where asked to."""
    asked = arguments()
    if DATA not in os.environ:
        print(f"Nothing measured: {DATA} names no folder of corpora.")
        return
    memory = Memory(asked.cache / "answers", verbose=0)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if asked.speed:
            timed = LOADERS[asked.corpora[0]](Path(os.environ[DATA]) / asked.corpora[0]).data
            keep("--speed", speed_table(some(timed), asked.sets), asked.write)
            return
        for name in asked.corpora:
            worth = report(load(name, asked.sets, asked.cache), memory)
            keep(f"--corpora {name}", worth, asked.write)


def keep(options: str, text: str, write: bool) -> None:
    """Print a report; keep it under the command that gives this part alone."""
    text = f"{text}\n\n{environment('numpy', 'scikit-learn')}"
    print(text, flush=True)
    if write:
        write_section(f"{COMMAND} {options}", text)


if __name__ == "__main__":
    main()
