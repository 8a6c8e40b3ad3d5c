"""The command ``benchmark``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn_ser.cli._load import corpus_of, human_level, load
from sklearn_ser.cli._shared import (
    about_model,
    feature_cache,
    names_to_run,
    print_corpus,
    print_section,
    save,
    tunable,
    tune_and_fit,
)

if TYPE_CHECKING:
    from sklearn.utils import Bunch


def benchmark(args: argparse.Namespace) -> int:
    """Tune and score pipelines on unseen speakers."""
    from sklearn_ser.utils._files import check_output_folder

    folder = check_output_folder(args.output)
    bunch, name = load(args)
    with feature_cache(args.memory) as memory:
        pipelines = {each: tunable(each, args, memory) for each in names_to_run(args)}
        print_corpus(bunch, name)
        results = dict(_results(args, pipelines, bunch))
        if len(results) > 1:
            print_section("Protocols side by side", _side_by_side(results))
        *_, result = results.values()  # the strictest comes last and chooses
        fit = tune_and_fit(result.best_, bunch, args, memory)
    files = [path for each in results.items() for path in _write(each, name, folder, len(results))]
    about = about_model(fit, result.best_, name, bunch)
    about |= {"uar": result.table.loc[result.best_, "uar"]}
    files.append(save(fit.model, folder / "model.joblib", about))
    print_section("Files", "\n".join(map(str, files)))
    return 0


def _results(
    args: argparse.Namespace, pipelines: dict[str, Any], bunch: Bunch
) -> Iterator[tuple[str, Any]]:
    """Run the pipelines under each protocol, printing each report as soon as it is there."""
    from sklearn_ser import model_selection

    names = args.protocol or model_selection.default_protocols(corpus_of(args))
    for name in names:
        result = model_selection.benchmark(
            pipelines,
            bunch.data,
            bunch.target,
            protocol=_protocol(name, args.folds),
            random_split=args.random_split,
            human_level=human_level(args),
            n_jobs=args.n_jobs,
            random_state=args.seed,
            verbose=1,
        )
        print(f"{result}\n", flush=True)
        yield name, result


def _protocol(name: str, n_folds: int | None) -> Any:
    from sklearn_ser.model_selection import SpeakerKFold, get_protocol

    protocol = get_protocol(name)
    if n_folds is None:
        return protocol
    return replace(
        protocol,
        description=protocol.description.replace("Five", str(n_folds)),
        outer=SpeakerKFold(n_folds),
    )


def _side_by_side(results: dict[str, Any]) -> str:
    import pandas as pd

    shared = _tested_by_all(results)
    rows = [
        {
            "protocol": protocol,
            "pipeline": pipeline,
            "known of the speaker": scores["speaker_information"],
            "UAR %": f"{100 * scores['uar']:.1f}",
            "accuracy %": f"{100 * scores['accuracy']:.1f}",
            "chance %": f"{100 * result.chance_level:.1f}",
            "clips tested": result.settings["n_tested"],
            f"UAR % on the same {len(shared)}": f"{100 * _uar(result, pipeline, shared):.1f}",
        }
        for protocol, result in results.items()
        for pipeline, scores in result.table.iterrows()
    ]
    # Scores of one kind of information stand together, and of two kinds never in one column.
    kinds = [table for _, table in pd.DataFrame(rows).groupby("known of the speaker", sort=False)]
    if len(kinds) == 1:
        kinds = [kinds[0].drop(columns="known of the speaker")]
    return "\n\n".join(str(table.to_string(index=False)) for table in kinds)


def _tested_by_all(results: dict[str, Any]) -> set[int]:
    return set.intersection(*(set(result.predictions["clip"]) for result in results.values()))


def _uar(result: Any, pipeline: str, clips: set[int]) -> float:
    from sklearn_ser.metrics import unweighted_average_recall

    shared = result.predictions[result.predictions["clip"].isin(clips)]
    return float(unweighted_average_recall(shared["true"], shared[pipeline]))


def _write(named: tuple[str, Any], corpus: str, folder: Path, n_protocols: int) -> list[Path]:
    """Write tables and picture of one protocol; of several, each into a folder of its own."""
    from sklearn_ser.plotting import ConfusionDisplay

    protocol, result = named
    folder = folder / protocol if n_protocols > 1 else folder
    predictions = result.predictions
    display = ConfusionDisplay.from_predictions(
        predictions["true"],
        predictions[result.best_],
        title=f"{result.best_} on {corpus}, unseen speakers",
    )
    return [*result.save(folder), display.save(folder / "confusion.png")]
