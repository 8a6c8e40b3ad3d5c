"""Train a voice encoder on labelled clips, from recordings to a file of weights."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_ser.audio import AudioClips, check_clips
from sklearn_ser.embedding._card import STANDARDISED
from sklearn_ser.embedding._encoder import VoiceEncoder
from sklearn_ser.embedding._weights import Weights, write_weights
from sklearn_ser.encoder_training._assembly import assemble
from sklearn_ser.encoder_training._backend import load_any_keras
from sklearn_ser.encoder_training._batches import batches_of_epoch, n_steps_of_epoch
from sklearn_ser.encoder_training._calibration import (
    UNCALIBRATED,
    Calibration,
    calibrate,
    calibrate_by_speaker,
)
from sklearn_ser.encoder_training._card import make_card
from sklearn_ser.encoder_training._checkpoint import Checkpoint
from sklearn_ser.encoder_training._export import check_can_export
from sklearn_ser.encoder_training._known_clips import KnownClips, make_known_clips
from sklearn_ser.encoder_training._recipe import EncoderRecipe
from sklearn_ser.encoder_training._spectra import Hearing, measure_spectra, whiten
from sklearn_ser.encoder_training._training import Trainer
from sklearn_ser.encoder_training._validation import (
    Held,
    hold_out_speakers,
    score_held,
    validate,
)
from sklearn_ser.speakers._names import refuse_missing, speakers_of
from sklearn_ser.utils._files import check_output_folder
from sklearn_ser.utils._names import did_you_mean

__all__ = ["EncoderTraining", "train_encoder"]

_ASKER = "train_encoder"
_EPOCHS_A_VALIDATION = 5

History = list[dict[str, Any]]


@dataclass(frozen=True)
class EncoderTraining:
    """What :func:`train_encoder` leaves behind.

    Attributes
    ----------
    path : Path or None
        The file of weights; None where none was asked for.
    encoder : VoiceEncoder
        The trained encoder, ready to use.
    card : dict
        What its file says of it.
    history : list of dict
        For every epoch "epoch" (from 1), "loss", "seconds", and where it was validated "uar" and
        "accuracy" of the averaged weights.
    """

    path: Path | None
    encoder: VoiceEncoder
    card: dict[str, Any]
    history: History


def train_encoder(
    X: Any,
    y: ArrayLike,
    *,
    speakers: ArrayLike | None = None,
    votes: Any = None,
    sex: Any = None,
    recipe: EncoderRecipe | None = None,
    without_speakers: Iterable[str] = (),
    validation_fraction: float = 0.1,
    checkpoint: str | os.PathLike[str] | None = None,
    output: str | os.PathLike[str] | None = None,
    name: str | None = None,
    corpus: str = "clips of the user",
    calibration: Calibration | None = None,
    precision: str = "float32",
    n_threads: int | None = None,
    n_jobs: int | None = -1,
    verbose: int = 0,
) -> EncoderTraining:
    """Train a voice encoder on labelled clips, validate it on held-out speakers, and export it.

    It needs the extra ``keras``; what it gives is run by
    :class:`~sklearn_ser.embedding.EmotionEmbeddingTransformer` without.

    Parameters
    ----------
    X : AudioClips of n clips, or what check_clips takes
        At the rate of the recipe's front end. Files are decoded one at a time.
    y : array-like of shape (n,)
        The emotion of every clip, two at least.
    speakers : array-like of shape (n,), default=None
        Who speaks; None takes ``X.speakers``.
    votes : array-like of shape (n,), default=None
        Which emotion most raters heard, ties as ``"angry:disgust"``; missing (None) where it is
        not known. They train a head of their own.
    sex : array-like of shape (n,), default=None
        "female" or "male"; missing where it is not known. For another head.
    recipe : EncoderRecipe, default=None
        How; None takes all defaults.
    without_speakers : iterable of str, default=()
        Speakers whose clips are left out altogether, to be tested on later.
    validation_fraction : float, default=0.1
        Share of the speakers, drawn by the seed, that are held out of the training to score and
        calibrate by; 0 for none.
    checkpoint : path-like, default=None
        Folder that keeps the state after every epoch; a training that is found there is gone on
        with, to the same weights as one that was never stopped.
    output : path-like, default=None
        The file of weights, ending in ``.encoder``.
    name : str, default=None
        The encoder's; None takes the file's.
    corpus : str, default="clips of the user"
        What the card calls the recordings.
    calibration : Calibration, default=None
        That of another training, where nobody is held out; None measures it where speakers are.
    precision : {"float32", "float16"}, default="float32"
        Of the numbers in the file.
    n_threads : int, default=None
        Threads that train; None is all cores.
    n_jobs : int, default=-1
        Threads that decode and measure clips.
    verbose : int, default=0
        1 writes a line an epoch to standard error, 2 shows a bar while clips are measured, too.

    Returns
    -------
    EncoderTraining
        The encoder, its card and history, and the path of its file.

    Raises
    ------
    AudioError
        The clips cannot be used, or it is not known who speaks.
    ValueError
        There is one class, a name or a length is wrong, the held-out speakers leave nothing to
        train on, the checkpoint is of another training, or the training diverged.
    MissingExtraError
        Keras or onnx is not installed.

    See Also
    --------
    sklearn_ser.embedding.EmotionEmbeddingTransformer : Embeds clips by the file.

    Examples
    --------
    >>> from sklearn_ser.datasets import make_emotional_speech
    >>> from sklearn_ser.encoder_training import EncoderRecipe, train_encoder
    >>> bunch = make_emotional_speech(3, ("angry", "sad"), 1, random_state=0)
    >>> small = EncoderRecipe(epochs=1, widths=(4, 8), blocks=(1, 1), precision="float32")
    >>> trained = train_encoder(bunch.data, bunch.target, recipe=small)
    >>> trained.encoder.classes
    ('angry', 'sad')
    >>> trained.encoder.embed(bunch.data[0]).shape
    (176,)
    """
    recipe = recipe or EncoderRecipe()
    load_any_keras(n_threads)
    check_can_export(precision)
    if output is not None:
        check_output_folder(Path(output).parent)
    clips = check_clips(X, recipe.front_end.sample_rate)
    known = _examples(clips, y, speakers, votes, sex)
    clips, known = _leave_out(clips, known, [str(speaker) for speaker in without_speakers])
    held = hold_out_speakers(known, validation_fraction, recipe.seed)
    run = _Run(recipe, known, held, _hear(clips, recipe, held, n_jobs, verbose), verbose)
    run.train(checkpoint)
    weights = run.weights(
        name=name or (Path(output).stem if output else "encoder"),
        corpus=corpus,
        calibration=calibration,
        precision=precision,
    )
    if output is not None:
        weights = replace(weights, sha256=_write(weights, output))
    path = None if output is None else Path(output)
    return EncoderTraining(path, VoiceEncoder(weights), weights.header.card, run.history)


def _examples(
    clips: AudioClips, y: ArrayLike, speakers: ArrayLike | None, votes: Any, sex: Any
) -> KnownClips:
    if speakers is None:
        names = speakers_of(clips, _ASKER)
    else:
        names = np.asarray(speakers, dtype=object)
        refuse_missing(names, _ASKER)
    if len(np.asarray(y, dtype=object)) != len(clips):
        raise ValueError(f"y has {len(np.asarray(y, dtype=object))} labels for {len(clips)} clips.")
    return make_known_clips(y, names, votes, sex)


def _leave_out(
    clips: AudioClips, known: KnownClips, speakers: list[str]
) -> tuple[AudioClips, KnownClips]:
    """Take away speakers' clips."""
    if not speakers:
        return clips, known
    names = sorted(set(known.speakers))
    for speaker in speakers:
        if speaker not in names:
            raise ValueError(
                f"without_speakers: nobody is called {speaker!r} among the {len(names)} speakers."
                f"{did_you_mean(speaker, names)}"
            )
    kept = np.flatnonzero(~np.isin(known.speakers, speakers))
    if not len(kept):
        raise ValueError("without_speakers names all speakers; nobody is left to train on.")
    return clips[kept], known.take(kept)


def _hear(
    clips: AudioClips, recipe: EncoderRecipe, held: Held, n_jobs: int | None, verbose: int
) -> Hearing:
    """Measure the clips, and learn from the training clips what is taken out of all."""
    spectra = measure_spectra(
        clips, recipe.front_end, recipe.speeds, n_jobs=n_jobs, verbose=verbose > 1
    )
    return Hearing(spectra, whiten(recipe.front_end, spectra, held.training.tolist()))


def _write(weights: Weights, output: str | os.PathLike[str]) -> str:
    return write_weights(output, weights.header, weights.frames_graph, weights.clip_graph)


class _Run:
    """A training under way."""

    def __init__(
        self, recipe: EncoderRecipe, known: KnownClips, held: Held, hearing: Hearing, verbose: int
    ) -> None:
        self.recipe, self.known, self.held, self.hearing = recipe, known, held, hearing
        self.verbose = verbose
        self.history: History = []
        n_steps = recipe.epochs * n_steps_of_epoch(len(held.training), recipe.batch_size)
        self.trainer = Trainer(recipe, len(known.classes), n_steps)

    def train(self, checkpoint: str | os.PathLike[str] | None) -> None:
        """Go through all epochs that are left."""
        keeper = Checkpoint.at(checkpoint, self.recipe.to_dict(), self._fingerprint())
        begun = keeper.load() if keeper else None
        if begun is not None:
            self.trainer.restore(begun[0])
            self.history = begun[1]
            self._say(f"going on after epoch {len(self.history)}")
        for epoch in range(len(self.history), self.recipe.epochs):
            self.history.append(self._epoch(epoch))
            if keeper is not None:
                keeper.save(self.trainer.state(), self.history)
            self._report(self.history[-1])

    def _epoch(self, epoch: int) -> dict[str, Any]:
        began = time.perf_counter()
        batches = batches_of_epoch(self.hearing, self.known, self.held.training, self.recipe, epoch)
        loss = self.trainer.train_epoch(batches, epoch)
        if not np.isfinite(loss):
            raise ValueError(
                f"The training diverged: the loss of epoch {epoch + 1} is {loss}. Lower the "
                f"learning rate, which is {self.recipe.learning_rate:g}."
            )
        found = {
            "epoch": epoch + 1,
            "loss": round(loss, 4),
            "seconds": round(time.perf_counter() - began, 1),
        }
        is_last = epoch + 1 == self.recipe.epochs
        if len(self.held.validation) and (is_last or (epoch + 1) % _EPOCHS_A_VALIDATION == 0):
            score = score_held(self._logits(), self.known, self.held.validation)
            found |= {"uar": score["uar"], "accuracy": score["accuracy"]}
        return found

    def _logits(self) -> NDArray[np.float32]:
        encoder = VoiceEncoder(self._assemble(), joblib.cpu_count())
        return validate(encoder, self.hearing, self.held.validation)

    def _assemble(self, **details: Any) -> Weights:
        usual = {"calibration": UNCALIBRATED, "card": {}, "name": "", "precision": "float32"}
        return assemble(
            self.trainer.averaged,
            self.recipe,
            self.hearing.front_end,
            self.known.classes,
            has_votes=bool(self.known.votes[self.held.training].any()),
            **{**usual, **details},
        )

    def weights(
        self, *, name: str, corpus: str, calibration: Calibration | None, precision: str
    ) -> Weights:
        """Validate and calibrate the network, and export it."""
        held = self.held.validation
        scores: dict[str, dict[str, Any]] = {}
        by_speaker = None
        if len(held):
            logits, speakers = self._logits(), self.known.speakers[held]
            scores[""] = score_held(logits, self.known, held)
            calibration = calibration or calibrate(logits, self.known.codes[held])
            by_speaker = calibrate_by_speaker(logits, self.known.codes[held], speakers)
            if by_speaker is not None:
                relative = by_speaker.standardized(logits, speakers)
                scores[STANDARDISED] = score_held(relative, self.known, held)
        calibration = calibration or UNCALIBRATED
        card = make_card(
            self.recipe,
            self.known,
            self.held,
            corpus=corpus,
            scores=scores,
            calibration=calibration,
            by_speaker=by_speaker,
        )
        return self._assemble(name=name, calibration=calibration, card=card, precision=precision)

    def _fingerprint(self) -> str:
        return f"{self.hearing.spectra.fingerprint()} {self.known.fingerprint()} {self.held.key()}"

    def _report(self, found: dict[str, Any]) -> None:
        score = "" if "uar" not in found else f", validation UAR {found['uar']:.1%}"
        self._say(
            f"epoch {found['epoch']}/{self.recipe.epochs}: loss {found['loss']:.3f}, "
            f"{found['seconds']:.1f} s{score}"
        )

    def _say(self, line: str) -> None:
        if self.verbose:
            print(line, file=sys.stderr, flush=True)
