"""``sklearn-ser benchmark --recipes``: names, rates, and a run without inner folds."""

from __future__ import annotations

import json
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

from sklearn_ser.audio import write_audio
from sklearn_ser.cli import _parser, main
from sklearn_ser.cli._load import rate_of_clips
from sklearn_ser.cli._shared import DEFAULT_PIPELINES, names_to_run, tunable
from sklearn_ser.cli._usage import check_usage
from sklearn_ser.inference import load_model

RATE = 8000


def parsed(*options):
    args = _parser().parse_args(["benchmark", *options])
    check_usage(args)
    return args


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], list(DEFAULT_PIPELINES)),
        (["--recipes", "mel_cnn2d"], ["mel_cnn2d"]),
        (["--recipes", "mel_cnn2d", "--pipelines", "mel-svm"], ["mel-svm", "mel_cnn2d"]),
        (["--recipes", "mel_cnn2d", "zcr_rms_cnn1d"], ["mel_cnn2d", "zcr_rms_cnn1d"]),
    ],
)
def test_what_is_run(options, names):
    assert names_to_run(parsed(*options)) == names


@pytest.mark.parametrize(
    ("options", "rate"),
    [
        ([], 16000),
        (["--recipes", "mfcc_cnn2d"], 44100),
        (["--recipes", "zcr_rms_mfcc_cnn1d_unaugmented"], 8025),
        (["--recipes", "zcr_rms_mfcc_cnn1d_unaugmented", "--pipelines", "mfcc-svm"], 16000),
        (["--recipes", "zcr_rms_cnn1d", "mfcc_cnn2d"], 44100),
        (["--recipes", "mfcc_cnn2d", "--sample-rate", "8000"], 8000),
    ],
)
def test_clips_have_the_highest_rate_that_is_needed(options, rate):
    assert rate_of_clips(parsed(*options)) == rate


def test_recipes_keep_their_own_rate_beside_pipelines(tmp_path):
    args = parsed("--recipes", "mel_cnn2d", "mfcc_cnn2d", "--pipelines", "mfcc-svm")
    made = {name: tunable(name, args, str(tmp_path)) for name in names_to_run(args)}
    rates = {name: model.get_params()["loader__sample_rate"] for name, (model, _) in made.items()}
    assert rates == {"mfcc-svm": 16000, "mel_cnn2d": 16000, "mfcc_cnn2d": 44100}
    assert [name for name, (_, grid) in made.items() if grid is None] == ["mel_cnn2d", "mfcc_cnn2d"]


def test_options_reach_the_recipe(tmp_path):
    args = parsed(
        "--recipes", "mfcc_cnn2d", "--epochs", "7", "--seed", "3", "--sample-rate", "8000"
    )
    model, grid = tunable("mfcc_cnn2d", args, str(tmp_path))
    parameters = model.get_params()
    assert grid is None
    assert parameters["classifier__epochs"] == 7
    assert parameters["classifier__random_state"] == 3
    assert parameters["features__sample_rate"] == 8000
    assert parameters["features__memory"] == str(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--recipes", "mel_cnn"], "there is no recipe 'mel_cnn'. Did you mean 'mel_crnn'?"),
        (["--recipes", "mel-cnn2d"], "Did you mean 'mel_cnn2d'? Choose among mfcc_cnn2d, zcr"),
        (["--recipes"], "expected at least one argument"),
        (["--recipes", "mel_cnn2d", "--epochs", "0"], "needs at least 1 epoch, got 0"),
        (["--epochs", "3"], "--epochs is about recipes: add --recipes NAME"),
    ],
)
def test_usage(capsys, options, message):
    with pytest.raises(SystemExit, match="2"):
        main(["benchmark", *options])
    assert message in capsys.readouterr().err


@pytest.fixture
def table(tmp_path):
    """Four people who say two emotions three times each."""
    rng = np.random.default_rng(0)
    rows = []
    for speaker in range(4):
        for take in range(6):
            label = ["angry", "calm"][take % 2]
            wave = {"angry": 0.3, "calm": 0.01}[label] * rng.normal(size=RATE // 2)
            path = f"{speaker} {take}.wav"
            write_audio(tmp_path / path, np.clip(wave, -1, 1), RATE)
            rows.append({"path": path, "label": label, "speaker": f"person-{speaker}"})
    pd.DataFrame(rows).to_csv(tmp_path / "clips.csv", index=False)
    return tmp_path / "clips.csv"


@pytest.mark.slow
@pytest.mark.skipif(find_spec("scikeras") is None, reason="needs the extra keras")
def test_run(table, tmp_path, capsys):
    folder = tmp_path / "results"
    command = ["benchmark", "--table", str(table), "--output", str(folder), "--n-jobs", "1"]
    quick = ["--epochs", "2", "--folds", "2", "--no-random-split", "--sample-rate", str(RATE)]
    assert main([*command, *quick, "--recipes", "zcr_rms_cnn1d", "mel_cnn2d"]) == 0
    printed = capsys.readouterr().out
    assert "nothing was tuned." in printed
    assert "zcr_rms_cnn1d, fitted as it is: nothing was tuned." in printed
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert [row["pipeline"] for row in results["table"]] == ["zcr_rms_cnn1d", "mel_cnn2d"]
    assert [row["n_candidates"] for row in results["table"]] == [1, 1]
    model = load_model(folder / "model.joblib")
    assert model.sklearn_ser_metadata_["pipeline"] == "zcr_rms_cnn1d"
    assert model.get_params()["classifier__epochs"] == 2
    assert main(["predict", str(folder / "model.joblib"), str(table.parent / "0 0.wav")]) == 0
