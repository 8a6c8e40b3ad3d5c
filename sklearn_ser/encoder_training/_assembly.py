"""Put a trained network together as what is shipped: header and graphs."""

from __future__ import annotations

import hashlib
from typing import Any

from numpy.typing import NDArray

from sklearn_ser.embedding._front_end import FrontEnd
from sklearn_ser.embedding._weights import EncoderForm, EncoderHeader, Stage, Weights
from sklearn_ser.encoder_training._calibration import Calibration
from sklearn_ser.encoder_training._export import export_graphs
from sklearn_ser.encoder_training._network import PENULTIMATE_DIM, reach_and_hops
from sklearn_ser.encoder_training._recipe import EncoderRecipe

__all__ = ["assemble", "describe_form"]


def assemble(
    values: dict[str, NDArray[Any]],
    recipe: EncoderRecipe,
    front_end: FrontEnd,
    classes: tuple[str, ...],
    *,
    calibration: Calibration,
    card: dict[str, Any],
    name: str,
    precision: str,
    has_votes: bool,
) -> Weights:
    """Export a network, and say what it is.

    Parameters
    ----------
    values : dict of ndarray
        The network's weights by name.
    recipe : EncoderRecipe
        Its form.
    front_end : FrontEnd
        What it hears, with the whitening that was learned.
    classes : tuple of str
        The emotions.
    calibration : Calibration
        Of its head.
    card : dict
        What else is known.
    name : str
        The encoder's.
    precision : {"float32", "float16"}
        Of the numbers in the file.
    has_votes : bool
        Whether the head of the votes was trained.

    Returns
    -------
    Weights
        As if read from a file; its checksum is that of the graphs until it is written.
    """
    graphs = export_graphs(values, recipe, precision=precision, has_votes=has_votes)
    header = EncoderHeader(
        name=name,
        front_end=front_end,
        form=describe_form(recipe),
        speeds=recipe.heard_speeds,
        classes=classes,
        temperature=calibration.temperature,
        min_confidence=calibration.min_confidence,
        card=card,
    )
    checksum = hashlib.sha256(graphs.frames + graphs.clip).hexdigest()
    return Weights(header, graphs.frames, graphs.clip, checksum)


def describe_form(recipe: EncoderRecipe) -> EncoderForm:
    """Return what the network of a recipe gives.

    Parameters
    ----------
    recipe : EncoderRecipe
        The network's form.

    Returns
    -------
    EncoderForm
    """
    reach, hops = reach_and_hops(recipe)
    stages = tuple(
        Stage(f"stage{number}", hop, width)
        for number, (hop, width) in enumerate(zip(hops, recipe.widths, strict=True), start=1)
    )
    return EncoderForm(stages, reach, 3 * recipe.widths[-1], PENULTIMATE_DIM)
