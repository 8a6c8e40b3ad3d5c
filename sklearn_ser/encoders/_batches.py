"""Which parts of which clips go through an encoder together.

A clip of ordinary length is one piece. A longer one is cut into pieces that overlap: each brings
some seconds of context on both sides, whose frames are computed and thrown away, so that no frame
is heard without what surrounds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.encoders._families import Architecture, normalise

__all__ = ["Piece", "cut_clip", "like_length", "windows"]

_CONTEXT = 12  # a chunk's context on either side is this part of it: 2.5 of 30 seconds
_MOST_PADDING = 0.1  # share of a batch's longest piece
_MOST_FRAMES = 3000  # of a batch: attention and states of a minute of speech
_CLIPS_A_WINDOW = 32
_SECONDS_A_WINDOW = 300

Waveform = NDArray[np.float32]


@dataclass(frozen=True)
class Piece:
    """A part of a clip that an encoder hears at once.

    Attributes
    ----------
    clip : int
        Place of the clip in its window.
    samples : ndarray of shape (n_samples,)
        What is heard.
    n_frames : int
        Frames that come out.
    first, n_kept, at : int
        Frame ``first`` and those after it, ``n_kept`` of them, are the clip's frames from ``at``
        on; the others are context.
    """

    clip: int
    samples: Waveform
    n_frames: int
    first: int
    n_kept: int
    at: int


def cut_clip(waveform: Waveform, clip: int, architecture: Architecture) -> list[Piece]:
    """Cut a clip into pieces that the encoder can take.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        The clip; one shorter than a frame is padded with zeros.
    clip : int
        Its place.
    architecture : Architecture
        Of the encoder.

    Returns
    -------
    list of Piece
        In order of time; every frame of the clip is kept in exactly one.
    """
    samples = normalise(waveform, architecture)
    if not architecture.is_whisper and len(samples) < architecture.reach:
        samples = np.pad(samples, (0, architecture.reach - len(samples)))
    n_frames = architecture.count_frames(len(samples))
    if n_frames <= architecture.longest:
        return [Piece(clip, samples, n_frames, first=0, n_kept=n_frames, at=0)]
    context = architecture.longest // _CONTEXT
    core = architecture.longest - 2 * context
    return [
        _piece_around(samples, clip, architecture, at, min(at + core, n_frames), n_frames)
        for at in range(0, n_frames, core)
    ]


def _piece_around(
    samples: Waveform, clip: int, architecture: Architecture, at: int, until: int, n_frames: int
) -> Piece:
    """Take the frames from ``at`` to ``until`` with their context."""
    context = architecture.longest // _CONTEXT
    begin, end = max(at - context, 0), min(until + context, n_frames)
    stop = (end - 1) * architecture.hop + architecture.reach
    heard = samples[begin * architecture.hop : len(samples) if end == n_frames else stop]
    return Piece(clip, heard, end - begin, first=at - begin, n_kept=until - at, at=at)


def like_length(pieces: Iterable[Piece], batch_size: int) -> Iterator[list[Piece]]:
    """Sort pieces by length into batches that need little padding.

    Parameters
    ----------
    pieces : iterable of Piece
        From any clips.
    batch_size : int
        The most pieces of a batch.

    Yields
    ------
    list of Piece
        The longest first; none is shorter by more than a tenth, and all of them together are
        no longer than a minute (or there is only one).
    """
    batch: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: -piece.n_frames):
        if batch and not _fits(piece, batch, batch_size):
            yield batch
            batch = []
        batch.append(piece)
    if batch:
        yield batch


def _fits(piece: Piece, batch: list[Piece], batch_size: int) -> bool:
    longest = batch[0].n_frames
    return (
        len(batch) < batch_size
        and piece.n_frames >= (1 - _MOST_PADDING) * longest
        and (len(batch) + 1) * longest <= _MOST_FRAMES
    )


def windows(clips: Iterable[Waveform], sample_rate: int) -> Iterator[list[Waveform]]:
    """Take so many clips at a time that batches can be formed and memory stays bounded.

    Parameters
    ----------
    clips : iterable of ndarray of shape (n_samples,)
        Decoded as they are asked for.
    sample_rate : int
        In Hz.

    Yields
    ------
    list of ndarray
        At most 32 clips; a new window begins after 5 minutes.
    """
    window: list[Waveform] = []
    for waveform in clips:
        window.append(waveform)
        n_samples = sum(map(len, window))
        if len(window) == _CLIPS_A_WINDOW or n_samples >= _SECONDS_A_WINDOW * sample_rate:
            yield window
            window = []
    if window:
        yield window
