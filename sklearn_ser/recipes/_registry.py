"""All recipes by name."""

from __future__ import annotations

from sklearn_ser.recipes._crema_d_networks import MEL_CNN2D, ZCR_RMS_CNN1D
from sklearn_ser.recipes._crnn_voting import CRNN_VOTING
from sklearn_ser.recipes._mel_crnn import MEL_CRNN
from sklearn_ser.recipes._mfcc_cnn2d import MFCC_CNN, MFCC_CNN2D, MFCC_CNN_UNAUGMENTED
from sklearn_ser.recipes._recipe import Recipe
from sklearn_ser.recipes._wav2vec2_networks import WAV2VEC2_CNN2D, WAV2VEC2_DENSE
from sklearn_ser.recipes._zcr_rms_mfcc_cnn1d import (
    ZCR_RMS_MFCC_CNN1D,
    ZCR_RMS_MFCC_CNN1D_UNAUGMENTED,
)
from sklearn_ser.utils._names import did_you_mean

__all__ = ["get_recipe", "list_recipes"]

# A new system is a module of its own with a function and its Recipe, and a line here.
_RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        MFCC_CNN2D,
        ZCR_RMS_MFCC_CNN1D,
        ZCR_RMS_MFCC_CNN1D_UNAUGMENTED,
        ZCR_RMS_CNN1D,
        MEL_CNN2D,
        MFCC_CNN,
        MFCC_CNN_UNAUGMENTED,
        WAV2VEC2_CNN2D,
        WAV2VEC2_DENSE,
        MEL_CRNN,
        CRNN_VOTING,
    )
}


def list_recipes() -> list[str]:
    """List the names of all recipes.

    Returns
    -------
    names : list of str
        What :func:`get_recipe` and ``sklearn-ser benchmark --recipes`` take.

    Examples
    --------
    >>> from sklearn_ser.recipes import list_recipes
    >>> "mel_cnn2d" in list_recipes()
    True
    """
    return list(_RECIPES)


def get_recipe(name: str) -> Recipe:
    """Get a recipe by its name.

    Parameters
    ----------
    name : str
        One of :func:`list_recipes`.

    Returns
    -------
    recipe : Recipe
        What is known of the system, and the function that makes it.

    Raises
    ------
    ValueError
        If there is no such recipe; the message lists those that there are, and the nearest.

    Examples
    --------
    >>> from sklearn_ser.recipes import get_recipe
    >>> recipe = get_recipe("mel_cnn2d")
    >>> recipe.reported["accuracy"], recipe.corpora
    (0.6386, ('crema_d',))
    >>> model = recipe.make(epochs=10)
    """
    if not isinstance(name, str) or name not in _RECIPES:
        raise ValueError(
            f"there is no recipe {name!r}.{did_you_mean(name, _RECIPES)} Choose among "
            f"{', '.join(_RECIPES)}."
        )
    return _RECIPES[name]
