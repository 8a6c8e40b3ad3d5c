"""The confusion matrix of an emotion classifier, drawn for reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.utils.multiclass import unique_labels

from sklearn_ser.metrics import unweighted_average_recall
from sklearn_ser.plotting._picture import PictureMixin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

__all__ = ["ConfusionDisplay"]

# From here on the blue is dark enough for white to be the more legible.
_DARK_FROM_PERCENT = 60


class ConfusionDisplay(PictureMixin):
    """Confusion matrix with each class's recall in percent and the clips behind it.

    A row holds the clips of one true class. Each cell gives the share of the row in percent and
    below it the number of clips; the diagonal is the recall of each class, whose mean is the
    unweighted average recall (UAR). Make one with :meth:`from_predictions` or
    :meth:`from_estimator`.

    Parameters
    ----------
    confusion_matrix : array-like of shape (n_classes, n_classes)
        Clips of the true class (row) that were called the class of the column.
    display_labels : array-like of shape (n_classes,), default=None
        Names of the classes; None numbers them.
    title : str, default=None
        Title of the picture, above the scores.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the picture, once drawn.
    figure_ : matplotlib Figure
        Figure that contains the picture, once drawn.

    Examples
    --------
    >>> from sklearn_ser.plotting import ConfusionDisplay
    >>> display = ConfusionDisplay.from_predictions(
    ...     ["angry", "angry", "sad", "sad"], ["angry", "sad", "sad", "sad"], title="Four clips"
    ... )
    >>> print(display.ax_.get_title())
    Four clips
    UAR 75.0 %, accuracy 75.0 %, 4 clips
    """

    def __init__(
        self, confusion_matrix: Any, *, display_labels: Any = None, title: str | None = None
    ) -> None:
        self.confusion_matrix = np.asarray(confusion_matrix)
        self.display_labels = display_labels
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        labels: Any = None,
        title: str | None = None,
        ax: Axes | None = None,
    ) -> ConfusionDisplay:
        """Draw the confusion matrix of predictions.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_clips,)
            True and predicted classes.
        labels : array-like of shape (n_classes,), default=None
            Classes in the order in which to show them; None shows all that occur, sorted.
        title : str, default=None
            Title of the picture.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of its own, apart from pyplot.

        Returns
        -------
        ConfusionDisplay
            The picture, drawn.
        """
        labels = unique_labels(y_true, y_pred) if labels is None else np.asarray(labels)
        matrix = confusion_matrix(y_true, y_pred, labels=labels)
        return cls(matrix, display_labels=labels, title=title).plot(ax=ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        labels: Any = None,
        title: str | None = None,
        ax: Axes | None = None,
    ) -> ConfusionDisplay:
        """Draw the confusion matrix of a fitted classifier on clips that it has not heard.

        Parameters
        ----------
        estimator : classifier
            A fitted classifier.
        X : AudioClips or array-like of length n_clips
            What it predicts from.
        y : array-like of shape (n_clips,)
            True classes.
        labels : array-like of shape (n_classes,), default=None
            Classes in the order in which to show them; None shows all that occur, sorted.
        title : str, default=None
            Title of the picture.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of its own, apart from pyplot.

        Returns
        -------
        ConfusionDisplay
            The picture, drawn.
        """
        return cls.from_predictions(y, estimator.predict(X), labels=labels, title=title, ax=ax)

    def plot(self, *, ax: Axes | None = None) -> ConfusionDisplay:
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of its own, apart from pyplot.

        Returns
        -------
        ConfusionDisplay
            The display itself, with `ax_` and `figure_`.
        """
        self.ax_ = _new_axes(len(self.confusion_matrix)) if ax is None else ax
        self.figure_: Figure | SubFigure = self.ax_.figure
        image = self.ax_.imshow(self._percent(), cmap="Blues", vmin=0, vmax=100)
        self._write_cells()
        self._write_labels()
        bar = self.figure_.colorbar(image, ax=self.ax_, shrink=0.8)
        bar.set_label("share of the true class (%)")
        bar.outline.set_visible(False)
        return self

    def _percent(self) -> np.ndarray:
        clips = self.confusion_matrix.sum(axis=1, keepdims=True)
        return 100 * self.confusion_matrix / np.maximum(clips, 1)

    def _write_cells(self) -> None:
        for (row, column), percent in np.ndenumerate(self._percent()):
            clips = self.confusion_matrix[row, column]
            if not clips and row != column:
                continue  # an empty cell says "never" more clearly than a zero
            color = "white" if percent > _DARK_FROM_PERCENT else "#06204a"
            self._write(f"{percent:.0f}", row, column, 1, va="bottom", color=color, fontsize=12)
            self._write(f"{clips}", row, column, -2, va="top", color=color, fontsize=8)

    def _write(self, text: str, row: int, column: int, points: int, **style: Any) -> None:
        self.ax_.annotate(
            text, (column, row), (0, points), textcoords="offset points", ha="center", **style
        )

    def _write_labels(self) -> None:
        names = self._names()
        places = np.arange(len(names))
        slanted: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        self.ax_.set_xticks(places, names, **(slanted if max(map(len, names)) > 6 else {}))
        self.ax_.set_yticks(places, self._names_with_clips(names))
        self.ax_.set_xlabel("predicted\n(large: % of the true class, small: clips)")
        self.ax_.set_ylabel("true (number of clips)")
        self.ax_.set_title("\n".join(filter(None, [self.title, self._scores()])), fontsize=12)
        self.ax_.set_xticks(places[:-1] + 0.5, minor=True)
        self.ax_.set_yticks(places[:-1] + 0.5, minor=True)
        self.ax_.grid(which="minor", color="white", linewidth=1)
        self.ax_.tick_params(which="both", length=0)
        self.ax_.spines[:].set_visible(False)

    def _names(self) -> list[str]:
        n_classes = len(self.confusion_matrix)
        labels = range(n_classes) if self.display_labels is None else self.display_labels
        return [str(label) for label in labels]

    def _names_with_clips(self, names: list[str]) -> list[str]:
        clips = self.confusion_matrix.sum(axis=1)
        return [f"{name} ({count})" for name, count in zip(names, clips, strict=True)]

    def _scores(self) -> str:
        places = np.arange(len(self.confusion_matrix))
        counts = self.confusion_matrix.ravel()
        true = np.repeat(np.repeat(places, len(places)), counts)
        predicted = np.repeat(np.tile(places, len(places)), counts)
        uar = unweighted_average_recall(true, predicted)
        accuracy = accuracy_score(true, predicted)
        return f"UAR {uar:.1%}, accuracy {accuracy:.1%}, {counts.sum()} clips".replace("%", " %")


def _new_axes(n_classes: int) -> Axes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    side = max(3.8, 0.75 * n_classes + 1.5)
    figure = Figure(figsize=(side + 1.2, side), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()
