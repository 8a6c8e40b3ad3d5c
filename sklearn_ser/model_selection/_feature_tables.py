"""The tables of features inside a fitted model, laid open so that columns can be exchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

from sklearn_ser.utils._fitted import fitted_parts

__all__ = ["OpenModel", "keep_columns", "with_tables"]

_STEP = "features"


class _Table(TransformerMixin, BaseEstimator):
    """Stands for the steps that made a table, and gives it, with columns exchanged or not."""

    def __init__(self, table: Any = None, names: Any = None, families: Any = None) -> None:
        self.table = table
        self.names = names
        self.families = families
        self.shown = table

    def fit(self, X: Any, y: Any = None) -> _Table:
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: Any) -> Any:
        """Give the whole table: its rows are the clips of X."""
        if len(X) != len(self.table):
            raise ValueError(
                f"The model asks for the features of {len(X)} clips where it was given "
                f"{len(self.table)}: something in it changes clips before it predicts. Turn that "
                "off to measure importance."
            )
        return self.shown

    def permute(self, columns: NDArray[np.bool_], rows: NDArray[np.intp]) -> None:
        """Show the table with some columns taken from other rows, all from the same."""
        values = np.array(self.table)
        values[:, columns] = values[rows][:, columns]
        self.shown = values
        if isinstance(self.table, pd.DataFrame):
            self.shown = pd.DataFrame(values, columns=self.table.columns, index=self.table.index)

    def restore(self) -> None:
        """Show the table as it is."""
        self.shown = self.table


class OpenModel:
    """A fitted model and some clips whose features are extracted, once.

    Parameters
    ----------
    model : estimator
        Fitted; its pipelines are changed, so that they can be used here only.
    X : AudioClips, DataFrame or other clips
        What the model predicts from. A DataFrame is a table of features itself.
    """

    def __init__(self, model: Any, X: Any) -> None:
        self.model = model
        self._X = X
        self._is_table = isinstance(X, pd.DataFrame)
        if self._is_table:
            self.tables = [_Table(X, np.array([str(name) for name in X.columns]))]
            return
        if fitted_parts(model, _changes_clips):
            raise ValueError(
                "AugmentedClassifier with test_time asks for features of changed clips, and "
                "importance is about those of the clips themselves: set test_time=0."
            )
        pipelines = fitted_parts(model, with_tables)
        if not pipelines:
            raise ValueError(_no_table(model))
        self.tables = [_open(pipeline, X) for pipeline in pipelines.values()]

    @property
    def families(self) -> dict[str, str]:
        """What extractors say of their own features: the family of a name."""
        told: dict[str, str] = {}
        for table in self.tables:
            told |= table.families or {}
        return told

    @property
    def names(self) -> list[str]:
        """Names of all features, each once."""
        return list(dict.fromkeys(name for table in self.tables for name in table.names))

    def predict(
        self,
        is_permuted: Callable[[str], bool] | None = None,
        rows: NDArray[np.intp] | None = None,
    ) -> NDArray[Any]:
        """Predict, with some columns taken from other rows; as it is where none are named."""
        for table in self.tables:
            table.restore()
            if is_permuted is not None and rows is not None:
                columns = np.array([is_permuted(name) for name in table.names], dtype=bool)
                table.permute(columns, rows)
        X = self.tables[0].shown if self._is_table else self._X
        return np.asarray(self.model.predict(X))


def _changes_clips(part: Any) -> bool:
    return bool(getattr(part, "test_time", 0))


def with_tables(part: Any) -> bool:
    """Whether this is a pipeline, fitted or not, one of whose steps gives a table with names."""
    return isinstance(part, Pipeline) and _place_of_table(part) is not None


def _place_of_table(pipeline: Pipeline) -> int | None:
    """Find the step "features", or else the first that names its columns."""
    steps = pipeline.steps[:-1]
    names = [name for name, _ in steps]
    if _STEP in names:
        return names.index(_STEP)
    naming = [place for place, (_, step) in enumerate(steps) if _names_columns(step)]
    return naming[0] if naming else None


def _names_columns(step: Any) -> bool:
    return hasattr(step, "get_feature_names_out")


def _open(pipeline: Pipeline, X: Any) -> _Table:
    """Extract the features, and put them in the place of the steps that did it."""
    place = _place_of_table(pipeline)
    assert place is not None
    name, step = pipeline.steps[place]
    if not _names_columns(step):
        raise ValueError(
            f"The step {name!r}, {type(step).__name__}, names no columns, so that no families can "
            "be told: importance is about tables of features. Sequences become tables with "
            "pooling=, such as pooling='mean_std'."
        )
    for _, each in pipeline.steps[: place + 1]:
        if each not in (None, "passthrough"):
            X = each.transform(X)
    names = np.array([str(name) for name in step.get_feature_names_out()])
    table = _Table(X, names, _own_families(step, names))
    pipeline.steps = [(name, table), *pipeline.steps[place + 1 :]]
    return table


def _own_families(step: Any, names: NDArray[np.str_]) -> dict[str, str]:
    """Ask an extractor, or the one that it wraps; a single family would tell nothing."""
    extractor = getattr(step, "extractor_", step)
    families = list(getattr(extractor, "feature_families_", ()))
    if len(families) != len(names) or len(set(families)) < 2:
        return {}
    return dict(zip(names.tolist(), families, strict=True))


def _no_table(model: Any) -> str:
    return (
        f"{type(model).__name__} holds no pipeline with a table of features. Give a Pipeline with "
        "a step 'features' (or another that has get_feature_names_out), alone or inside a search, "
        "a calibration or an ensemble; or features as a DataFrame in place of clips."
    )


class _Columns(TransformerMixin, BaseEstimator):
    """Keeps some columns of a table."""

    def __init__(self, columns: Any) -> None:
        self.columns = columns

    def fit(self, X: Any, y: Any = None) -> _Columns:
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: Any) -> Any:
        """Keep the columns; another number of them is an error."""
        if X.shape[1] != len(self.columns):
            raise ValueError(
                f"The table has {X.shape[1]} columns, and {len(self.columns)} in another fit: "
                "alone=True needs the same features in every candidate of a search."
            )
        return X.loc[:, self.columns] if isinstance(X, pd.DataFrame) else X[:, self.columns]


def keep_columns(estimator: Any, columns: NDArray[np.bool_]) -> Any:
    """Make an unfitted estimator see some columns of its one table of features only.

    Raises
    ------
    ValueError
        If it holds several tables.
    """
    parts = [estimator, *estimator.get_params(deep=True).values()]
    found = {id(part): part for part in parts if with_tables(part)}
    if len(found) > 1:
        raise ValueError(
            f"alone=True needs one table of features, and {type(estimator).__name__} holds "
            f"{len(found)}: ask for the importance of its members one by one."
        )
    for pipeline in found.values():
        place = _place_of_table(pipeline)
        assert place is not None
        pipeline.steps.insert(place + 1, ("columns_of_family", _Columns(columns)))
    return estimator
