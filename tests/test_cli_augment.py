"""``sklearn-ser augment``: after the split, and errors that say how to mend them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sklearn_ser import augmentation
from sklearn_ser.audio import read_audio, write_audio
from sklearn_ser.cli import main
from sklearn_ser.cli._augment import AUGMENTERS

RATE = 8000
PARTS = ["train", "train", "validation", "test"]


@pytest.fixture
def table(tmp_path):
    """Four people, two clips each; two people are for training."""
    rng = np.random.default_rng(0)
    rows = []
    for speaker, part in enumerate(PARTS):
        for take, label in enumerate(["angry", "calm"]):
            path = f"{speaker} {take}.wav"
            write_audio(tmp_path / path, 0.1 * rng.normal(size=RATE // 4), RATE)
            rows.append({"path": path, "label": label, "speaker": f"s{speaker}", "part": part})
    pd.DataFrame(rows).to_csv(tmp_path / "clips.csv", index=False)
    return tmp_path / "clips.csv"


def augment(table, output, *options, augmenter="noise,shift"):
    """Run the command with what it needs."""
    command = ["augment", str(table), "--split", "part", "--augmenter", augmenter]
    return main([*command, "--output", str(output), "--n-jobs", "1", *options])


def test_names_are_augmenters():
    for name in AUGMENTERS.values():
        assert getattr(augmentation, name)().input_kind == "waveform"


def test_folder(table, tmp_path, capsys):
    assert augment(table, tmp_path / "out", "--copies", "2", "--sample-rate", str(RATE)) == 0
    printed = capsys.readouterr().out
    assert "8 clips of 4 speakers" in printed
    assert f"Table: {tmp_path / 'out' / 'clips.csv'}" in printed
    assert [row.split() for row in printed.splitlines() if row.startswith("train")] == [
        ["train", "8", "4", "8"]
    ]
    rows = pd.read_csv(tmp_path / "out" / "clips.csv")
    assert set(rows.loc[rows["copy"] > 0, "split"]) == {"train"}
    assert rows["augmenter"].value_counts().to_dict() == {"original": 8, "noise": 8, "shift": 8}
    assert read_audio(tmp_path / "out" / rows.loc[1, "path"])[1] == RATE


def test_flac(table, tmp_path):
    assert augment(table, tmp_path / "out", "--audio-format", "flac") == 0
    assert len(list((tmp_path / "out").rglob("*.flac"))) == 16


def test_features_are_by_default_those_of_the_system_that_writes_them(table, tmp_path):
    assert augment(table, tmp_path / "features.csv", augmenter="gain") == 0
    assert pd.read_csv(tmp_path / "features.csv").shape == (12, 7 + 880)


def test_features_by_name(table, tmp_path):
    assert augment(table, tmp_path / "a.csv", "--features", "mfcc", augmenter="gain") == 0
    columns = pd.read_csv(tmp_path / "a.csv").columns
    assert "mfcc_0_mean" in columns


def test_same_seed_same_rows(table, tmp_path):
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert augment(table, tmp_path / name, "--seed", seed) == 0
    first, again, other = ((tmp_path / name / "clips.csv").read_text() for name in "abc")
    assert first == again != other


def test_parquet(table, tmp_path, capsys):
    pytest.importorskip("pyarrow")
    output = tmp_path / "a.parquet"
    assert augment(table, output, "--features", "mfcc", augmenter="gain") == 0
    assert len(pd.read_parquet(output)) == 12
    assert "train" in capsys.readouterr().out


def test_overwrite(table, tmp_path, capsys):
    output = tmp_path / "out"
    assert augment(table, output) == 0
    assert augment(table, output) == 2
    assert f"{output} is there already; --overwrite replaces it." in capsys.readouterr().err
    assert augment(table, output, "--overwrite", augmenter="gain") == 0
    assert len(list(output.rglob("*.wav"))) == 12


@pytest.mark.filterwarnings("always::sklearn_ser.exceptions.SpeakerWarning")
def test_shared_voices_are_warned_of(table, tmp_path, capsys):
    rows = pd.read_csv(table)
    rows["speaker"] = "ann"
    rows.to_csv(table, index=False)
    assert augment(table, tmp_path / "out") == 0
    assert "warning: 1 of 1 speakers stand in several parts (ann)" in capsys.readouterr().err


def test_wrong_part(table, tmp_path, capsys):
    rows = pd.read_csv(table).replace({"part": {"train": "training"}})
    rows.to_csv(table, index=False)
    assert augment(table, tmp_path / "out") == 2
    assert "'training' for 4 clip(s)" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_no_such_column(table, tmp_path, capsys):
    command = ["augment", str(table), "--augmenter", "noise", "--output", str(tmp_path / "out")]
    assert main([*command, "--split", "parts"]) == 2
    error = capsys.readouterr().err
    assert "split='parts' is no column of the clips' metadata. Did you mean 'part'?" in error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--augmenter", "nois"], "is no augmenter 'nois'. Did you mean 'noise'? Choose among"),
        (["--augmenter", "noise,"], "there is no augmenter ''. Choose among"),
        (["--augmenter", "noise,noise"], "'noise,noise' names one augmenter twice; see --copies"),
        (["--copies", "0"], "needs at least 1 copy, got 0"),
        (["--copies", "x"], "invalid at_least_1_copy value: 'x'"),
        (["--features", "mfc"], "are no features 'mfc'. Did you mean 'mfcc'?"),
        (["--features", "mfcc"], "--features go into a .csv or .parquet file, and --output is out"),
        (["--output", "a.csv", "--audio-format", "wav"], "--audio-format is about a folder"),
        (["--audio-format", "mp3"], "invalid choice: 'mp3'"),
    ],
)
def test_usage(capsys, options, message):
    command = ["augment", "clips.csv", "--split", "part", "--augmenter", "noise"]
    with pytest.raises(SystemExit, match="2"):
        main([*command, "--output", "out", *options])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--split", "--augmenter", "--output"])
def test_what_must_be_said(capsys, option):
    given = {"--split": "part", "--augmenter": "noise", "--output": "out"}
    del given[option]
    with pytest.raises(SystemExit, match="2"):
        main(["augment", "clips.csv", *(word for pair in given.items() for word in pair)])
    assert f"the following arguments are required: {option}" in capsys.readouterr().err
