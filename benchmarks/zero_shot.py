"""What the voice encoder's own head is worth on corpora of which it has seen nothing.

Every clip of RAVDESS, TESS and SAVEE whose emotion the head knows is asked about, with nothing
fitted: no scaler, no threshold, no speaker. Then all are asked about again by speaker: what is
said of a clip is taken beside what is said of its speaker's other clips, without labels. Accuracy,
UAR, the recall of every emotion, and what abstaining below the weights' own confidence does: how
many clips are left without a label, and the accuracy of those that get one.

Run as ``python -m benchmarks.zero_shot [--weights FILE] [--write]`` with SKLEARN_SER_DATA naming
the folder of the corpora.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks._encoder import (
    FOREIGN,
    SCORES,
    has_data,
    load_unheard,
    parser_of,
    recalls,
    score,
    scores,
)
from benchmarks._report import environment, table, write_section
from sklearn_ser.embedding import EmotionHead, load_encoder
from sklearn_ser.metrics import chance_level

COMMAND = "python -m benchmarks.zero_shot"
BY_SPEAKER = ", by speaker"
N_CLIPS = (2, 5, 10, 20, 40)


@dataclass(frozen=True, eq=False)
class Asked:
    """The head's answers about the clips of one corpus whose emotion it knows."""

    truth: np.ndarray
    speakers: np.ndarray
    probabilities: np.ndarray
    classes: np.ndarray
    min_confidence: float

    @property
    def predicted(self) -> np.ndarray:
        """Return the likeliest label of each clip."""
        return self.classes[self.probabilities.argmax(axis=1)]

    @property
    def answered(self) -> np.ndarray:
        """Tell for each clip whether the head is sure enough to say a label."""
        return np.asarray(self.probabilities.max(axis=1) >= self.min_confidence)

    def figures(self) -> dict[str, object]:
        """Return the scores as numbers, for the encoder's card."""
        found = recalls(self.truth, self.predicted)
        return {
            "uar": score(self.truth, self.predicted, "uar"),
            "accuracy": score(self.truth, self.predicted, "accuracy"),
            "recalls": found,
            "abstained": float(np.mean(~self.answered)),
        }


def ask(
    corpus: str, weights: str, *, by_speaker: bool = False, n_clips: int | None = None
) -> Asked:
    """Ask the head about every clip of a corpus whose emotion it knows.

    By speaker it knows about `n_clips` of the speaker's clips at a time, drawn at random; None is
    all of them.
    """
    speech = load_unheard(corpus, weights)
    head = EmotionHead(weights, by_speaker=by_speaker)
    truth = np.asarray(speech.target).astype(str)
    classes = np.asarray(head.classes_).astype(str)
    shared = np.flatnonzero(np.isin(truth, classes))
    speakers = np.asarray(speech.groups).astype(str)[shared]
    known = speakers if n_clips is None else in_parts(speakers, n_clips)
    clips = speech.data[shared].with_metadata(pd.DataFrame({"speaker": known}))
    probabilities = head.predict_proba(clips)
    return Asked(truth[shared], speakers, probabilities, classes, head.min_confidence)


def in_parts(speakers: np.ndarray, n_clips: int) -> np.ndarray:
    """Draw parts of each speaker's clips, each as if of a person of its own."""
    rng = np.random.default_rng(0)
    found = np.empty(len(speakers), dtype=object)
    for name in np.unique(speakers):
        places = rng.permutation(np.flatnonzero(speakers == name))
        for number, part in enumerate(np.array_split(places, max(len(places) // n_clips, 1))):
            found[part] = f"{name}, part {number}"
    return found


def curve_rows(corpora: Iterable[str], weights: str) -> Iterator[list[object]]:
    """Yield each corpus' UAR by how many of a speaker's clips are known at a time."""
    for name in corpora:
        asked = [ask(name, weights, by_speaker=True, n_clips=n) for n in N_CLIPS]
        yield [name, *(f"{100 * score(a.truth, a.predicted, 'uar'):.1f}" for a in asked)]


def score_row(name: str, asked: Asked) -> list[object]:
    """Return one corpus' scores, and what abstaining leaves of them."""
    answered = asked.answered
    right = asked.truth == asked.predicted
    of_answered = f"{100 * right[answered].mean():.1f}" if answered.any() else ""
    cells = [name, len(asked.truth), len(set(asked.speakers))]
    cells += [f"{100 * chance_level(asked.truth):.1f}"]
    cells += scores(asked.truth, asked.predicted, asked.speakers)
    return [*cells, f"{100 * np.mean(~answered):.1f}", of_answered]


def recall_rows(answers: Mapping[str, Asked]) -> Iterator[list[object]]:
    """Yield the recall of each emotion in each corpus, and how often it is answered."""
    for name, asked in answers.items():
        found = recalls(asked.truth, asked.predicted)
        yield [name, "recall", *(cell(found.get(label)) for label in asked.classes)]
        said = [float(np.mean(asked.predicted == label)) for label in asked.classes]
        yield [name, "share of answers", *map(cell, said)]


def cell(share: float | None) -> str:
    """Write a share in percent."""
    return "" if share is None else f"{100 * share:.1f}"


def report(answers: Mapping[str, Asked], weights: str, corpora: Iterable[str]) -> str:
    """Format what was found."""
    encoder, by_speaker = load_encoder(weights), EmotionHead(weights, by_speaker=True)
    return "\n\n".join(
        [
            f"Weights {encoder.name!r}, SHA-256 {encoder.sha256[:12]}; the clips whose emotion is "
            f"one of {', '.join(encoder.classes)}. In %; intervals draw whole speakers and are "
            "left out where there are fewer than 8. The head abstains below a confidence of "
            f"{encoder.min_confidence:.2f}, by speaker below {by_speaker.min_confidence:.2f}; by "
            "speaker each voice's answers are standardised, without labels, so a clip's depends on "
            "the voice's other clips.",
            tables(answers),
            "UAR by speaker, where about so many of the speaker's clips are known at a time.",
            table(["corpus", *map(str, N_CLIPS)], curve_rows(corpora, weights)),
            environment("numpy", "onnxruntime"),
        ]
    )


def tables(answers: Mapping[str, Asked]) -> str:
    """Format the scores, and the recalls of all emotions."""
    header = ["corpus", "clips", "speakers", "chance", *SCORES, "abstained", "accuracy of the rest"]
    classes = next(iter(answers.values())).classes
    scored = table(header, [score_row(*each) for each in answers.items()])
    return scored + "\n\n" + table(["corpus", "%", *classes], recall_rows(answers))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_of("Measure the encoder's own head on foreign corpora.")
    parser.add_argument("--corpora", nargs="+", choices=FOREIGN, default=list(FOREIGN))
    return parser.parse_args()


def main() -> None:
    """Print the tables, and keep them where asked to."""
    asked = arguments()
    if not has_data():
        return
    with threadpool_limits(1):
        answers = {
            f"{name}{how}": ask(name, asked.weights, by_speaker=by_speaker)
            for how, by_speaker in (("", False), (BY_SPEAKER, True))
            for name in asked.corpora
        }
        text = report(answers, asked.weights, asked.corpora)
    print(text, flush=True)
    if asked.write:
        write_section(COMMAND, text)


if __name__ == "__main__":
    main()
