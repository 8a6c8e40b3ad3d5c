"""``sklearn-ser extract``: one row a file, whole tables only, and what becomes of broken files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sklearn_ser import make_ser_pipeline
from sklearn_ser.audio import write_audio
from sklearn_ser.cli import main
from sklearn_ser.recipes import _features_table

RATE = 8000


@pytest.fixture
def folder(tmp_path):
    """Three recordings, one of them in a folder below."""
    rng = np.random.default_rng(0)
    sounds = tmp_path / "sounds"
    for name in ("clip 2.wav", "clip 10.flac", "below/ä.wav"):
        (sounds / name).parent.mkdir(parents=True, exist_ok=True)
        write_audio(sounds / name, 0.1 * rng.normal(size=RATE // 4), RATE)
    (sounds / "notes.txt").write_text("no sound")
    return sounds


def extract(output, *audio, features="mfcc", options=("--n-jobs", "1")):
    command = ["extract", *map(str, audio), "--features", features, "--output", str(output)]
    return main([*command, *options])


def break_file(path):
    path.write_bytes(b"RIFF, but nothing else")
    return path


def test_a_row_a_file_with_named_columns(folder, tmp_path, capsys):
    output = tmp_path / "a.csv"
    assert extract(output, folder) == 0
    table = pd.read_csv(output)
    expected = make_ser_pipeline("mfcc")[:2].set_output(transform="pandas")
    files = [str(folder / name) for name in ("below/ä.wav", "clip 2.wav", "clip 10.flac")]
    features = expected.fit_transform(files)
    assert table["path"].tolist() == files
    assert table.columns[1:].tolist() == features.columns.tolist()
    read = table.iloc[:, 1:].to_numpy(dtype=np.float32)
    np.testing.assert_array_equal(read, features.to_numpy())
    printed = capsys.readouterr()
    assert printed.out == f"Table: {output}\n"
    assert "extracting: 100%" in printed.err


def test_files_and_folders_each_file_once(folder, tmp_path):
    last = folder / "clip 10.flac"
    assert extract(tmp_path / "a.csv", last, folder, last) == 0
    paths = pd.read_csv(tmp_path / "a.csv")["path"]
    assert paths.tolist() == [str(last), str(folder / "below/ä.wav"), str(folder / "clip 2.wav")]


def test_rows_do_not_depend_on_processes_or_on_the_others(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(_features_table, "_FILES_AT_A_TIME", 2)
    assert extract(tmp_path / "a.csv", folder, options=["--n-jobs", "2"]) == 0
    assert extract(tmp_path / "b.csv", folder / "clip 10.flac") == 0
    one, all_three = pd.read_csv(tmp_path / "b.csv"), pd.read_csv(tmp_path / "a.csv")
    pd.testing.assert_frame_equal(all_three.tail(1).reset_index(drop=True), one)


def test_parquet(folder, tmp_path):
    pytest.importorskip("pyarrow")
    assert extract(tmp_path / "a.parquet", folder) == 0
    table = pd.read_parquet(tmp_path / "a.parquet")
    assert len(table) == 3
    assert set(table.dtypes[1:]) == {np.dtype("float32")}


def test_parquet_without_pyarrow_ends_before_any_work(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert extract(tmp_path / "a.parquet", folder) == 2
    assert "Writing a.parquet needs pyarrow: pip install pyarrow" in capsys.readouterr().err


def test_sample_rate(folder, tmp_path):
    assert extract(tmp_path / "a.csv", folder) == 0
    assert extract(tmp_path / "b.csv", folder, options=["--sample-rate", "8000"]) == 0
    first, second = (pd.read_csv(tmp_path / name)["mfcc_0_mean"] for name in ("a.csv", "b.csv"))
    assert not np.allclose(first, second)


def test_features_of_a_recipe_at_its_own_rate(folder, tmp_path):
    assert extract(tmp_path / "a.csv", folder, features="zcr_rms_mfcc_cnn1d") == 0
    table = pd.read_csv(tmp_path / "a.csv")
    assert table.shape == (3, 1 + 880)
    assert table.columns[1] == "zcr_frame0"


def test_a_cache_lets_it_go_on(folder, tmp_path, capsys):
    options = ["--n-jobs", "1", "--memory", str(tmp_path / "cache")]
    broken = break_file(folder / "z.wav")
    assert extract(tmp_path / "a.csv", folder, options=options) == 2
    kept = set((tmp_path / "cache").rglob("output.pkl"))
    broken.unlink()
    assert extract(tmp_path / "a.csv", folder, options=options) == 0
    assert len(kept) == 3
    assert set((tmp_path / "cache").rglob("output.pkl")) == kept
    capsys.readouterr()


def test_a_broken_file_is_an_error_that_names_it(folder, tmp_path, capsys):
    broken = break_file(folder / "clip 7.wav")
    assert extract(tmp_path / "a.csv", folder) == 2
    error = capsys.readouterr().err
    assert f"sklearn-ser: error: {broken} is not a readable sound file" in error
    assert "Nothing was written. --on-error skip leaves such files out." in error
    assert not list(tmp_path.glob("*.csv"))


def test_broken_files_are_left_out(folder, tmp_path, capsys):
    broken = [break_file(folder / "clip 7.wav"), folder / "empty.wav"]
    broken[1].write_bytes(b"")
    options = ["--n-jobs", "1", "--on-error", "skip"]
    assert extract(tmp_path / "a.csv", folder, options=options) == 1
    error = capsys.readouterr().err
    assert "2 of 5 files were left out:" in error
    assert all(f"  - {path} is " in error for path in broken)
    assert len(pd.read_csv(tmp_path / "a.csv")) == 3


def test_of_many_broken_files_some_are_named(folder, tmp_path, capsys):
    for number in range(12):
        break_file(folder / f"broken {number}.wav")
    options = ["--n-jobs", "1", "--on-error", "skip"]
    assert extract(tmp_path / "a.csv", folder, options=options) == 1
    error = capsys.readouterr().err
    assert error.count("  - ") == 10
    assert "  ... and 2 more" in error


def test_nothing_but_broken_files(tmp_path, capsys):
    broken = break_file(tmp_path / "a.wav")
    options = ["--n-jobs", "1", "--on-error", "skip"]
    assert extract(tmp_path / "a.csv", broken, options=options) == 2
    error = capsys.readouterr().err
    assert f"None of the 1 files can be used, the first because {broken} is not" in error
    assert "Nothing was written" not in error
    assert not (tmp_path / "a.csv").exists()


def test_absent_files_are_told_before_any_work(folder, tmp_path, capsys):
    assert extract(tmp_path / "a.csv", folder, tmp_path / "x.wav", tmp_path / "y.wav") == 2
    error = capsys.readouterr().err
    places = f"{tmp_path / 'x.wav'}, {tmp_path / 'y.wav'}"
    assert f"neither a file nor a folder at 2 of the 3 places named: {places}." in error
    assert "extracting" not in error


def test_a_folder_without_recordings(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert extract(tmp_path / "a.csv", tmp_path / "empty") == 2
    expected = f"The folder {tmp_path / 'empty'} holds no audio file, at any depth."
    assert expected in capsys.readouterr().err


def test_overwrite(folder, tmp_path, capsys):
    output = tmp_path / "a.csv"
    output.write_text("mine")
    assert extract(output, folder) == 2
    assert f"{output} is there already; --overwrite replaces it." in capsys.readouterr().err
    assert output.read_text() == "mine"
    assert extract(output, folder, options=["--n-jobs", "1", "--overwrite"]) == 0
    assert len(pd.read_csv(output)) == 3


def test_the_table_is_no_folder(folder, tmp_path, capsys):
    (tmp_path / "a.csv").mkdir()
    assert extract(tmp_path / "a.csv", folder) == 2
    assert "a.csv is a folder; --output names the file of the table." in capsys.readouterr().err


def test_what_stands_there_survives_an_error(folder, tmp_path, capsys):
    output = tmp_path / "a.csv"
    output.write_text("mine")
    break_file(folder / "clip 7.wav")
    assert extract(output, folder, options=["--n-jobs", "1", "--overwrite"]) == 2
    assert output.read_text() == "mine"
    assert "clip 7.wav" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--features", "mfc"], "there are no features 'mfc'. Did you mean 'mfcc'? Choose among"),
        (["--features", "families"], "there are no features 'families'."),
        (["--output", "a.txt"], "--output a.txt is no table: give a file that ends in .csv or"),
        (["--on-error", "ignore"], "invalid choice: 'ignore'"),
    ],
)
def test_usage(capsys, options, message):
    with pytest.raises(SystemExit, match="2"):
        main(["extract", "a.wav", "--features", "mfcc", "--output", "a.csv", *options])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--features", "--output"])
def test_what_must_be_said(capsys, option):
    given = {"--features": "mfcc", "--output": "a.csv"}
    del given[option]
    with pytest.raises(SystemExit, match="2"):
        main(["extract", "a.wav", *(word for pair in given.items() for word in pair)])
    assert f"the following arguments are required: {option}" in capsys.readouterr().err
