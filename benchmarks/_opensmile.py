"""openSMILE's functionals of clips, for comparison only, and kept in files since they take long."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np

from sklearn_ser import AudioClips

OPENSMILE_SETS = {"ComParE": "ComParE_2016", "eGeMAPS": "eGeMAPSv02"}
# openSMILE is handed 16 bits; a sample of 1.0 or more would come out as the most negative one.
_LARGEST = 32767 / 32768


def opensmile_extractor(name: str, sample_rate: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return what turns one clip into openSMILE's functionals."""
    try:
        opensmile = import_module("opensmile")
    except ImportError as error:
        raise SystemExit(
            f"The set {name!r} needs openSMILE: pip install opensmile (its licence forbids "
            "commercial use), or leave the set out with --sets."
        ) from error
    smile = opensmile.Smile(
        feature_set=getattr(opensmile.FeatureSet, OPENSMILE_SETS[name]),
        feature_level=opensmile.FeatureLevel.Functionals,
    )

    def extract(clip: np.ndarray) -> np.ndarray:
        within = np.clip(clip, -1.0, _LARGEST)
        row = smile.process_signal(within, sample_rate).to_numpy(dtype=np.float32)[0]
        return np.nan_to_num(row, posinf=0.0, neginf=0.0)

    return extract


def opensmile_features(name: str, corpus: str, clips: AudioClips, cache: Path) -> np.ndarray:
    """Return openSMILE's functionals of all clips, from a file of earlier runs where there is."""
    kept = kept_features(cache, corpus, name, clips)
    if kept is None:
        extract = opensmile_extractor(name, clips.sample_rate)
        kept = np.stack([extract(np.asarray(clip)) for clip in clips])
        keep_features(cache, corpus, name, clips, kept)
    return kept


def kept_features(cache: Path, corpus: str, name: str, clips: AudioClips) -> np.ndarray | None:
    """Read the features of these very clips, if an earlier run left them."""
    path = _path(cache, corpus, name)
    if not path.exists():
        return None
    with np.load(path) as stored:
        if not np.array_equal(stored["clips"], clip_names(clips)):
            raise SystemExit(f"{path} holds the features of other clips: delete it.")
        features: np.ndarray = stored["features"]
    return features


def keep_features(
    cache: Path, corpus: str, name: str, clips: AudioClips, features: np.ndarray
) -> None:
    """Write features for later runs."""
    cache.mkdir(parents=True, exist_ok=True)
    np.savez(_path(cache, corpus, name), features=features, clips=clip_names(clips))


def clip_names(clips: AudioClips) -> np.ndarray:
    """Return the files' names, which are unique within a corpus' folder of each speaker."""
    return np.array(
        ["/".join(Path(path).parts[-2:]) for path in np.asarray(clips.paths, dtype=str)]
    )


def _path(cache: Path, corpus: str, name: str) -> Path:
    return cache / f"{corpus}-{name}.npz"
