"""Keep a training's state after every epoch, and go on from it."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.utils._files import atomic_path, check_output_folder

__all__ = ["Checkpoint"]

_FILE = "training.npz"
_ABOUT = "about"


@dataclass(frozen=True)
class Checkpoint:
    """A folder that holds a training's state.

    Attributes
    ----------
    folder : Path
        Where it lies.
    recipe : dict
        Of the training.
    clips : str
        Fingerprint of the clips and of what is known about them.
    """

    folder: Path
    recipe: dict[str, Any]
    clips: str

    @classmethod
    def at(
        cls, folder: str | os.PathLike[str] | None, recipe: dict[str, Any], clips: str
    ) -> Checkpoint | None:
        """Make the folder where one is wanted; see the class for what is given."""
        return None if folder is None else cls(check_output_folder(folder), recipe, clips)

    def save(self, state: dict[str, NDArray[Any]], history: list[dict[str, Any]]) -> None:
        """Write the state after an epoch; a reader sees the old file or the new one."""
        about = {"recipe": self.recipe, "clips": self.clips, "history": history}
        with atomic_path(self.folder / _FILE) as unfinished:
            np.savez(unfinished, **{_ABOUT: np.array(json.dumps(about))}, **state)  # type: ignore[arg-type]

    def load(self) -> tuple[dict[str, NDArray[Any]], list[dict[str, Any]]] | None:
        """Return state and history of the last epoch, or None where nothing was begun.

        Raises
        ------
        ValueError
            If the file is of a training by another recipe or on other clips, or cannot be read.
        """
        path = self.folder / _FILE
        if not path.exists():
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                state = {name: stored[name] for name in stored.files}
            about = json.loads(str(state.pop(_ABOUT)))
        except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"The checkpoint '{path}' cannot be read ({error}). Remove it, to begin again."
            ) from error
        self._check(about, path)
        return state, about["history"]

    def _check(self, about: dict[str, Any], path: Path) -> None:
        theirs = about["recipe"]
        names = sorted({*self.recipe, *theirs})
        differing = [
            f"{name} ({theirs.get(name)!r} there, {self.recipe.get(name)!r} here)"
            for name in names
            if theirs.get(name) != self.recipe.get(name)
        ]
        if differing:
            what = f"by another recipe: {', '.join(differing)}"
        elif about["clips"] != self.clips:
            what = "on other clips, labels, votes, speakers or held-out speakers"
        else:
            return
        raise ValueError(
            f"The checkpoint '{path}' is of a training {what}. Take the same to go on with it, or "
            "another folder to begin anew."
        )
