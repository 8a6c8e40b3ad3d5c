"""Who speaks in which clip, and what to say where that is not known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sklearn_ser.exceptions import AudioError

__all__ = ["places_by_speaker", "refuse_missing", "speakers_of"]


def speakers_of(X: Any, asker: str) -> NDArray[np.object_]:
    """Return the speaker of each clip.

    Parameters
    ----------
    X : AudioClips
        Clips with speakers.
    asker : str
        Who wants to know, for the error's text.

    Returns
    -------
    speakers : ndarray of shape (n_clips,), object
        Names, none of them missing.

    Raises
    ------
    AudioError
        X carries no speakers, or not those of all clips.
    """
    speakers = getattr(X, "speakers", None)
    if speakers is None:
        raise AudioError(
            f"{asker} does not know who speaks: this {type(X).__name__} carries no speakers. Give "
            'them with the clips: metadata = DataFrame({"speaker": [...]}), one row a clip, and '
            "AudioClips(waveforms, sample_rate, metadata=metadata), AudioClips.from_files(paths, "
            "metadata=metadata) or clips.with_metadata(metadata)."
        )
    speakers = np.asarray(speakers, dtype=object)
    refuse_missing(speakers, asker)
    return speakers


def refuse_missing(speakers: NDArray[Any], asker: str) -> None:
    """Refuse speakers of whom some are not known.

    Parameters
    ----------
    speakers : ndarray of shape (n_clips,)
        Names.
    asker : str
        Who wants to know, for the error's text.

    Raises
    ------
    AudioError
        If a name is missing.
    """
    missing = np.flatnonzero(pd.isna(speakers))
    if len(missing):
        raise AudioError(
            f"{asker} needs to know who speaks in every clip: {len(missing)} of {len(speakers)} "
            f"speakers are missing, the first that of clip {missing[0]}. Fill them in, or leave "
            "those clips out."
        )


def places_by_speaker(
    speakers: NDArray[np.object_],
) -> Iterator[tuple[Any, NDArray[np.intp]]]:
    """Yield each speaker, in order of appearance, with the places of the speaker's clips."""
    codes, names = pd.factorize(speakers)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))[:-1]
    yield from zip(names, np.split(order, ends), strict=True)
