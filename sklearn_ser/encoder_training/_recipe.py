"""All that a voice encoder's training depends on, in one frozen record."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from sklearn_ser.embedding._front_end import FrontEnd
from sklearn_ser.utils._names import did_you_mean

__all__ = ["EncoderRecipe"]

_PRECISIONS = ("bfloat16", "float32")
_CLASS_WEIGHTS = ("balanced", None)
_AT_LEAST_1 = ("epochs", "batch_size", "shortest_crop", "longest_crop")
_ABOVE_0 = ("learning_rate", "clip_norm")
_SHARES = ("dropout", "label_smoothing", "averaging", "noise", "vocal_tract")
_AT_LEAST_0 = (
    "weight_decay",
    "votes_weight",
    "sex_weight",
    "masks",
    "mask_frames",
    "mask_bands",
    "mixup",
    "equaliser_db",
    "seed",
)


@dataclass(frozen=True)
class EncoderRecipe:
    """How a voice encoder is trained: the network, the optimiser, and what is done to clips.

    Two trainings with equal recipes on equal clips give equal weights, on one thread bit by bit.

    Attributes
    ----------
    epochs : int
        Passes over the training clips.
    batch_size : int
        Clips a step; those of a batch are of like length.
    shortest_crop, longest_crop : int
        Frames (of 10 ms) that a clip is heard for in a step: as many as the shortest clip of the
        batch has, but within these. Clips with fewer are repeated.
    learning_rate : float
        The highest; it rises to it over the first fifth of all steps and falls by a cosine after.
    weight_decay : float
        AdamW's, of kernels only.
    clip_norm : float
        Longest gradient.
    widths : tuple of int
        Channels of every stage.
    blocks : tuple of int
        Residual blocks of every stage.
    stem_kernel, stem_stride : tuple (time, frequency)
        The first convolution; kernels are odd.
    dropout : float
        Share of the pooled and of the last features left out in training.
    label_smoothing : float
        Share of a label's weight that all classes get.
    votes_weight, sex_weight : float
        Weights of the losses of the heads for the raters' votes and the speaker's sex, beside
        the 1 of the emotions.
    class_weight : {"balanced"} or None
        Whether clips weigh by the inverse of their class's frequency.
    averaging : float
        Momentum of the averaged weights, which are those that training gives; lower at first.
    speeds : tuple of float
        Speeds that clips are heard at in training, 1 among them. The trained network hears every
        clip at the slowest and the fastest of them.
    masks : int
        Stretches of time, and of bands, that are masked in every clip.
    mask_frames, mask_bands : int
        Longest mask.
    mixup : float
        Half of the batches are mixed with themselves, by shares drawn from Beta(mixup, mixup); 0
        for none.
    vocal_tract : float
        Largest share by which bands are shifted up or down.
    equaliser_db : float
        Strength of a random, smooth change of the bands' levels.
    noise : float
        Share of clips to which noise is added, 5 to 30 dB below the clip, with the shape of the
        noise in another training clip.
    shallowest_db : float
        Clips are heard down to a floor between this and the front end's ``floor_db`` below their
        loud frames, drawn for every clip anew; the front end's ``floor_db`` for no such draw.
    seed : int
        Of all that is random.
    precision : {"bfloat16", "float32"}
        Of the convolutions in training; weights are always float32.
    front_end : FrontEnd
        What the network hears; its whitening is learned from the training clips.
    """

    epochs: int = 30
    batch_size: int = 32
    shortest_crop: int = 50
    longest_crop: int = 200
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    clip_norm: float = 5.0
    widths: tuple[int, ...] = (24, 48, 96, 128)
    blocks: tuple[int, ...] = (1, 1, 1, 1)
    stem_kernel: tuple[int, int] = (9, 5)
    stem_stride: tuple[int, int] = (4, 2)
    dropout: float = 0.2
    label_smoothing: float = 0.1
    votes_weight: float = 0.5
    sex_weight: float = 0.2
    class_weight: str | None = "balanced"
    averaging: float = 0.995
    speeds: tuple[float, ...] = (0.9, 1.0, 1.1)
    masks: int = 1
    mask_frames: int = 16
    mask_bands: int = 8
    mixup: float = 0.0
    vocal_tract: float = 0.0
    equaliser_db: float = 0.0
    noise: float = 0.3
    shallowest_db: float = 10.0
    seed: int = 0
    precision: str = "bfloat16"
    front_end: FrontEnd = field(default_factory=FrontEnd)

    def __post_init__(self) -> None:
        """Refuse what no network can be trained with; all mistakes in one error."""
        mistakes = [*_mistakes_in_numbers(self), *_mistakes_in_form(self)]
        if mistakes:
            raise ValueError("EncoderRecipe: " + "; ".join(mistakes) + ".")

    @property
    def heard_speeds(self) -> tuple[float, ...]:
        """Speeds that the trained network hears every clip at: the ends of the training's."""
        return tuple(sorted({min(self.speeds), max(self.speeds)}))

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Self:
        """Make a recipe from what :meth:`to_dict` gave.

        Parameters
        ----------
        given : dict
            Fields by name; those left out take their defaults.

        Returns
        -------
        EncoderRecipe

        Raises
        ------
        ValueError
            If a field is unknown or has a value that no network can be trained with.
        """
        known = [entry.name for entry in fields(cls)]
        for name in given:
            if name not in known:
                hint = did_you_mean(name, known)
                raise ValueError(f"EncoderRecipe has no field {name!r}.{hint}")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in given.items()
        }
        if isinstance(given.get("front_end"), dict):
            values["front_end"] = FrontEnd.from_dict(given["front_end"])
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return every field by name, in a form that JSON can hold.

        Returns
        -------
        dict
            What :meth:`from_dict` takes.
        """
        values = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        return {**values, "front_end": self.front_end.to_dict()}


def _mistakes_in_numbers(recipe: EncoderRecipe) -> list[str]:
    limits = [
        *((name, 1, math.inf) for name in _AT_LEAST_1),
        *((name, 1e-12, math.inf) for name in _ABOVE_0),
        *((name, 0, math.inf) for name in _AT_LEAST_0),
        *((name, 0, 1) for name in _SHARES),
    ]
    return [
        f"{name} has to lie between {least:g} and {most:g}, got {getattr(recipe, name)!r}"
        for name, least, most in limits
        if not least <= getattr(recipe, name) <= most
    ]


def _mistakes_in_form(recipe: EncoderRecipe) -> list[str]:
    checks = {
        f"precision is one of {_PRECISIONS}, got {recipe.precision!r}": (
            recipe.precision in _PRECISIONS
        ),
        f"class_weight is one of {_CLASS_WEIGHTS}, got {recipe.class_weight!r}": (
            recipe.class_weight in _CLASS_WEIGHTS
        ),
        f"widths and blocks name the same stages, one at least, got {recipe.widths} and "
        f"{recipe.blocks}": len(recipe.widths) == len(recipe.blocks) > 0,
        f"widths and blocks are 1 at least, got {recipe.widths} and {recipe.blocks}": (
            min((*recipe.widths, *recipe.blocks), default=0) >= 1
        ),
        f"stem_kernel is two odd numbers, got {recipe.stem_kernel}": (
            [size % 2 for size in recipe.stem_kernel] == [1, 1]
        ),
        f"stem_stride is two numbers, 1 at least, got {recipe.stem_stride}": (
            len(recipe.stem_stride) == 2 and min(recipe.stem_stride) >= 1
        ),
        f"speeds lie above 0, and 1 is among them, got {recipe.speeds}": (
            1.0 in recipe.speeds and min(recipe.speeds) > 0
        ),
        f"shortest_crop is at most longest_crop, got {recipe.shortest_crop} and "
        f"{recipe.longest_crop}": recipe.shortest_crop <= recipe.longest_crop,
        f"shallowest_db lies between 0 and front_end.floor_db, {recipe.front_end.floor_db:g}, got "
        f"{recipe.shallowest_db!r}": 0 < recipe.shallowest_db <= recipe.front_end.floor_db,
        f"mask_bands is below the {recipe.front_end.n_bands} bands, got {recipe.mask_bands}": (
            recipe.mask_bands < recipe.front_end.n_bands
        ),
        "front_end.whitening is learned from the training clips: leave it at ()": (
            not recipe.front_end.whitening
        ),
    }
    return [mistake for mistake, is_right in checks.items() if not is_right]
