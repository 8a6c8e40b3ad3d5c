"""What every display can do with its picture: write it, show it in a notebook."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn_ser.utils._files import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

__all__ = ["PictureMixin"]


class PictureMixin:
    """Writes and shows ``figure_``, which is drawn first where it is not there yet."""

    figure_: Figure | SubFigure

    def plot(self) -> Any:
        """Draw; every display says how."""
        raise NotImplementedError

    def save(self, path: str | os.PathLike[str], *, dpi: int = 150) -> Path:
        """Write the picture to a file, whose ending tells the format.

        Parameters
        ----------
        path : str or path
            The file, such as ``picture.png``.
        dpi : int, default=150
            Dots per inch.

        Returns
        -------
        Path
            The file.
        """
        with atomic_path(path) as unfinished:
            self._drawn().savefig(unfinished, dpi=dpi, bbox_inches="tight", facecolor="white")
        return Path(path)

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self._drawn().savefig(picture, format="png", bbox_inches="tight", facecolor="white")
        return picture.getvalue()

    def _drawn(self) -> Figure:
        if not hasattr(self, "figure_"):
            self._plot_for_notebook()
        figure = self.figure_.get_figure(root=True)
        assert figure is not None
        return figure

    def _plot_for_notebook(self) -> None:
        self.plot()
