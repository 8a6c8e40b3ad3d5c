"""What the network is shown in an epoch: it depends on the seed and the epoch alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.encoder_training._known_clips import KnownClips
from sklearn_ser.encoder_training._recipe import EncoderRecipe
from sklearn_ser.encoder_training._spectra import Hearing

__all__ = ["Batch", "batches_of_epoch", "class_weights", "n_steps_of_epoch"]

_BATCHES_A_BUCKET = 8  # clips of so many batches are sorted by length before they are cut up
_CROP_STEP = 20  # frames; few lengths, since convolutions are prepared anew for every one
_QUIETEST_NOISE_DB, _LOUDEST_NOISE_DB = 30.0, 5.0  # below the clip
_SHARE_OF_MIXED_BATCHES = 0.5

Array = NDArray[np.float32]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Batch:
    """Crops of clips, what they are to be taken for, and how much each counts.

    Attributes
    ----------
    bands : ndarray of shape (n_clips, n_frames, n_bands, n_channels)
    targets : dict of ndarray of shape (n_clips, n_outputs)
        By the name of the network's head.
    weights : dict of ndarray of shape (n_clips,)
        Likewise; 0 where nothing is known.
    """

    bands: Array
    targets: dict[str, Array]
    weights: dict[str, Array]


def n_steps_of_epoch(n_clips: int, batch_size: int) -> int:
    """Count the batches of every epoch.

    Parameters
    ----------
    n_clips : int
        Training clips.
    batch_size : int
        Clips of a batch, at most.

    Returns
    -------
    int
    """
    return sum(len(bucket) for bucket in _buckets(np.arange(n_clips), batch_size))


def _buckets(order: Places, batch_size: int) -> list[list[Places]]:
    """Cut clips into buckets, and buckets into batches, of nearly equal sizes."""
    n_buckets = -(-len(order) // (_BATCHES_A_BUCKET * batch_size))
    return [
        np.array_split(bucket, -(-len(bucket) // batch_size))
        for bucket in np.array_split(order, n_buckets)
    ]


def class_weights(codes: Places, n_classes: int, kind: str | None) -> Array:
    """Weigh each class.

    Parameters
    ----------
    codes : ndarray of shape (n_clips,)
        Classes of the training clips.
    n_classes : int
        How many there are.
    kind : {"balanced"} or None
        By the inverse of a class's frequency, or all alike.

    Returns
    -------
    ndarray of shape (n_classes,)
        Whose mean over the clips is 1; 1 for a class without clips.
    """
    if kind is None:
        return np.ones(n_classes, dtype=np.float32)
    counts = np.bincount(codes, minlength=n_classes)
    n_present = np.count_nonzero(counts)
    weights = len(codes) / (n_present * np.maximum(counts, 1))
    return np.where(counts > 0, weights, 1.0).astype(np.float32)


def batches_of_epoch(
    hearing: Hearing,
    known: KnownClips,
    clips: Places,
    recipe: EncoderRecipe,
    epoch: int,
) -> Iterator[Batch]:
    """Yield the batches of an epoch.

    Parameters
    ----------
    hearing : Hearing
        What is heard of every clip.
    known : KnownClips
        What is known of every clip.
    clips : ndarray of int
        Places of the training clips.
    recipe : EncoderRecipe
        What is done to them.
    epoch : int
        The epoch, counted from 0; with the recipe's seed it settles all that is drawn.

    Yields
    ------
    Batch
    """
    rng = np.random.default_rng([recipe.seed, epoch])
    weights = class_weights(known.codes[clips], len(known.classes), recipe.class_weight)
    for bucket in _buckets(rng.permutation(clips), recipe.batch_size):
        places = np.concatenate(bucket)
        heard = [_hear(hearing, int(clip), clips, recipe, rng) for clip in places]
        by_length = np.argsort([len(bands) for bands in heard], kind="stable")
        ends = np.cumsum([len(part) for part in bucket])[:-1]
        parts = np.split(by_length, ends)
        for number in rng.permutation(len(parts)):
            chosen = parts[number]
            bands = _crops([heard[place] for place in chosen], recipe, rng)
            batch = _batch(bands, known, places[chosen], weights, recipe)
            yield _mixed(batch, recipe.mixup, rng) if recipe.mixup else batch


def _hear(
    hearing: Hearing,
    clip: int,
    clips: Places,
    recipe: EncoderRecipe,
    rng: np.random.Generator,
) -> NDArray[np.floating]:
    """Return a clip heard down to some floor."""
    bands = _levels(hearing, clip, clips, recipe, rng)
    depth = rng.uniform(recipe.shallowest_db, recipe.front_end.floor_db)
    return recipe.front_end.cut(bands, depth)


def _levels(
    hearing: Hearing,
    clip: int,
    clips: Places,
    recipe: EncoderRecipe,
    rng: np.random.Generator,
) -> NDArray[np.floating]:
    """Return a clip at some speed, perhaps in other noise and with other levels of the bands."""
    speed = int(rng.integers(len(recipe.speeds)))
    is_noisy = recipe.noise > 0 and rng.random() < recipe.noise
    gains = _gains(recipe, rng) if recipe.equaliser_db else None
    if gains is None and not is_noisy:
        return hearing.plain(clip, speed)
    other = int(clips[rng.integers(len(clips))]) if is_noisy else None
    noise = None if other is None else _noise(hearing, clip, speed, other, rng)
    return hearing.changed(clip, speed, gains, noise)


def _noise(hearing: Hearing, clip: int, speed: int, other: int, rng: np.random.Generator) -> Array:
    """Draw noise with another clip's spectrum; the power of a band in a frame has two degrees."""
    n_frames, loudness = hearing.loudness(clip, speed)
    below_db = rng.uniform(_LOUDEST_NOISE_DB, _QUIETEST_NOISE_DB)
    level = hearing.noise_floor(other) * np.float32(loudness * 10 ** (-below_db / 10))
    draws = rng.standard_gamma(2.0, size=(n_frames, len(level)), dtype=np.float32)
    return level * draws * np.float32(0.5)


def _gains(recipe: EncoderRecipe, rng: np.random.Generator) -> Array:
    """Draw a smooth curve over the bands: a slope and two waves."""
    slope, wave, half_wave, phase = rng.normal(size=4) * recipe.equaliser_db
    place = np.linspace(0, 1, recipe.front_end.n_bands)
    curve = slope * (2 * place - 1) + wave * np.cos(2 * np.pi * place)
    return (curve + half_wave * np.cos(3 * np.pi * place + phase)).astype(np.float32)


def _crops(
    heard: list[NDArray[np.floating]], recipe: EncoderRecipe, rng: np.random.Generator
) -> Array:
    """Cut equally long pieces out of clips, shift their bands, and mask them."""
    shortest = min(len(bands) for bands in heard) // _CROP_STEP * _CROP_STEP
    n_frames = min(max(shortest, recipe.shortest_crop), recipe.longest_crop)
    crops = np.empty((len(heard), n_frames, *heard[0].shape[1:]), dtype=np.float32)
    for crop, bands in zip(crops, heard, strict=True):
        crop[:] = _piece(bands, n_frames, rng)
        if recipe.vocal_tract:
            crop[..., 0] = _shifted(
                crop[..., 0], 1 + rng.uniform(-recipe.vocal_tract, recipe.vocal_tract)
            )
        _mask(crop, recipe, rng)
    return crops


def _piece(
    bands: NDArray[np.floating], n_frames: int, rng: np.random.Generator
) -> NDArray[np.floating]:
    if len(bands) < n_frames:
        around = [(0, n_frames - len(bands))] + [(0, 0)] * (bands.ndim - 1)
        return np.pad(bands, around, mode="wrap")
    start = rng.integers(len(bands) - n_frames + 1)
    return bands[start : start + n_frames]


def _shifted(bands: Array, factor: float) -> Array:
    """Stretch the axis of the bands, as a longer or shorter vocal tract does."""
    n_bands = bands.shape[1]
    place = np.minimum(np.arange(n_bands) * factor, n_bands - 1)
    below = np.minimum(place.astype(int), n_bands - 2)
    share = (place - below).astype(np.float32)
    return bands[:, below] * (1 - share) + bands[:, below + 1] * share


def _mask(crop: Array, recipe: EncoderRecipe, rng: np.random.Generator) -> None:
    """Fill stretches of time and of bands with the mean level; masked frames have no pitch."""
    n_frames, n_bands, n_channels = crop.shape
    mean = crop[..., 0].mean() if recipe.masks else 0
    nothing = np.array([mean, *[0] * (n_channels - 1)], dtype=np.float32)
    for _ in range(recipe.masks):
        length = rng.integers(min(recipe.mask_frames, n_frames - 1) + 1)
        start = rng.integers(n_frames - length)
        crop[start : start + length] = nothing
        length = rng.integers(recipe.mask_bands + 1)
        start = rng.integers(n_bands - length)
        crop[:, start : start + length, 0] = mean


def _batch(
    bands: Array, known: KnownClips, places: Places, weights: Array, recipe: EncoderRecipe
) -> Batch:
    n_classes = len(known.classes)
    codes, votes, sex = known.codes[places], known.votes[places], known.sex[places]
    smoothing = np.float32(recipe.label_smoothing)
    emotion = np.eye(n_classes, dtype=np.float32)[codes] * (1 - smoothing) + smoothing / n_classes
    counts = weights[codes]
    return Batch(
        bands,
        {"emotion": emotion, "votes": votes, "sex": sex},
        {"emotion": counts, "votes": counts * _is_known(votes), "sex": _is_known(sex)},
    )


def _is_known(values: Array) -> Array:
    return np.any(values, axis=1).astype(np.float32)


def _mixed(batch: Batch, mixup: float, rng: np.random.Generator) -> Batch:
    """Mix a batch with itself in another order, half of the time."""
    if rng.random() >= _SHARE_OF_MIXED_BATCHES:
        return batch
    drawn = rng.beta(mixup, mixup)
    share = np.float32(max(drawn, 1 - drawn))
    order = rng.permutation(len(batch.bands))

    def mix(values: Array) -> Array:
        mixed: Array = share * values + (1 - share) * values[order]
        return mixed

    weights = {head: mix(values) for head, values in batch.weights.items()}
    targets: dict[str, Array] = {}
    for head, values in batch.targets.items():
        # by the clips' weights, so that one of which nothing is known adds nothing
        counted = mix(values * batch.weights[head][:, np.newaxis])
        total = weights[head] + (weights[head] == 0)
        targets[head] = counted / total[:, np.newaxis].astype(np.float32)
    return Batch(mix(batch.bands), targets, weights)
