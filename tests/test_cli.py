from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import ParameterGrid

from sklearn_ser import __version__, cli
from sklearn_ser.audio import write_audio
from sklearn_ser.cli import _arguments, main
from sklearn_ser.inference import load_model
from sklearn_ser.pipeline import parameter_grid, pipeline_names

RATE = 8000
QUICK = ["--n-jobs", "1", "--sample-rate", str(RATE)]
RUN = [sys.executable, "-c", "import sys; from sklearn_ser.cli import main; sys.exit(main())"]


def n_candidates(classifier):
    return len(ParameterGrid(parameter_grid("mfcc", classifier)))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Four people who say two emotions three times each: tones, higher for one of them."""
    folder = tmp_path_factory.mktemp("recordings")
    rng = np.random.default_rng(0)
    rows = []
    for speaker in range(4):
        for take in range(6):
            label = ["angry", "calm"][take % 2]
            pitch = {"angry": 600, "calm": 200}[label] + 20 * speaker + 5 * take
            wave = 0.3 * np.sin(2 * np.pi * pitch * np.arange(RATE // 2) / RATE)
            path = f"{speaker} {take}.wav"
            write_audio(folder / path, wave + 0.02 * rng.normal(size=len(wave)), RATE)
            rows.append({"path": path, "label": label, "speaker": f"person-{speaker}"})
    pd.DataFrame(rows).to_csv(folder / "clips.csv", index=False)
    return folder / "clips.csv"


@pytest.fixture(scope="module")
def model(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.joblib"
    assert main(["train", str(table), "--output", str(path), *QUICK]) == 0
    return path


@pytest.fixture
def recordings(table):
    return [str(table.parent / name) for name in ("0 0.wav", "0 1.wav")]


@pytest.fixture(scope="module")
def run(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "new"
    command = ["benchmark", "--table", str(table), "--output", str(folder), *QUICK]
    done = subprocess.run(
        [*RUN, *command, "--pipelines", "mfcc-svm", "mfcc-logreg"],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return folder, done


class TestBenchmark:
    def test_prints_everything_in_order(self, run):
        _, done = run
        assert done.returncode == 0, done.stderr
        places = [
            done.stdout.index(phrase)
            for phrase in (
                "24 clips of 4 speakers",
                "angry 12, calm 12",
                "Scores on unseen speakers",
                "mfcc-svm",
                "chance level",
                "What a random split of clips would have claimed",
                f"among {n_candidates('svm') + n_candidates('logreg')} candidates of 2 pipeline(s)",
                "Classes, in %",
                "Speakers, in %",
                "Most confused",
                "5 folds were asked for; with 4 speakers there are 4",
                "Final model, trained on all clips",
                "model.joblib",
            )
        ]
        assert places == sorted(places)

    def test_progress_goes_to_stderr_only(self, run):
        _, done = run
        assert "tuned fits" not in done.stdout
        assert "Traceback" not in done.stderr

    def test_writes_every_file(self, run):
        folder, done = run
        assert sorted(path.name for path in folder.iterdir()) == [
            "confused.csv",
            "confusion.png",
            "folds.csv",
            "model.joblib",
            "per_class.csv",
            "per_speaker.csv",
            "predictions.csv",
            "results.csv",
            "results.json",
        ]
        assert all(str(path) in done.stdout for path in folder.iterdir())
        results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        assert results["settings"]["n_outer"] == 4

    def test_model_works_on_files(self, run, recordings, capsys):
        folder, _ = run
        assert main(["predict", str(folder / "model.joblib"), *recordings]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split("  ")[1] for line in lines] == ["angry", "calm"]
        about = load_model(folder / "model.joblib").sklearn_ser_metadata_
        assert about["pipeline"] in ("mfcc-svm", "mfcc-logreg")
        assert 0 <= about["uar"] <= 1

    @pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs a file system with owners")
    def test_unwritable_output_is_refused_before_any_work(self, table, tmp_path, capsys):
        (tmp_path / "file").touch()
        command = ["benchmark", "--table", str(table), "--output", str(tmp_path / "file")]
        assert main(command) == 2
        captured = capsys.readouterr()
        assert not captured.out
        assert captured.err.startswith("sklearn-ser: error: Results cannot be written to the fold")

    @pytest.mark.slow
    def test_defaults(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        assert main(["benchmark", "--no-random-split", "--pipelines", "mfcc-logreg"]) == 0
        assert (tmp_path / "benchmark_results" / "confusion.png").exists()
        assert "synthetic speech" in capsys.readouterr().out

    @pytest.mark.slow
    @pytest.mark.filterwarnings("default")
    def test_ravdess(self, corpora, tmp_path, capsys):
        command = ["benchmark", "--corpus", "ravdess", "--data", str(corpora / "ravdess")]
        quick = ["--no-random-split", "--pipelines", "mfcc-logreg", "--folds", "3"]
        assert main([*command, *quick, "--output", str(tmp_path)]) == 0
        printed = capsys.readouterr().out
        assert "people" in printed
        assert "67.0" in printed


class TestTrainAndPredict:
    def test_fresh_process(self, model, recordings):
        done = subprocess.run(
            [*RUN, "predict", str(model), *recordings, "--format", "json", "--probabilities"],
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        assert not done.stderr
        rows = json.loads(done.stdout)
        assert [row["label"] for row in rows] == ["angry", "calm"]
        assert rows[0]["p_angry"] == rows[0]["confidence"]

    def test_model_is_free_of_this_run(self, model):
        about = load_model(model).sklearn_ser_metadata_
        assert about["n_clips"] == 24
        assert about["sample_rate"] == RATE
        assert load_model(model).get_params()["estimator__features__memory"] is None

    def test_a_bad_file_does_not_stop_the_rest(self, model, recordings, tmp_path, capsys):
        (tmp_path / "bad.wav").write_text("no audio")
        files = [recordings[0], str(tmp_path / "bad.wav"), recordings[1]]
        assert main(["predict", str(model), *files]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert "angry" in lines[0]
        assert "error: " in lines[1]
        assert "calm" in lines[2]

    def test_csv_to_a_file(self, model, recordings, tmp_path, capsys):
        path = tmp_path / "new folder" / "labels.csv"
        command = ["predict", str(model), *recordings, "--format", "csv", "--output", str(path)]
        assert main(command) == 0
        assert not capsys.readouterr().out
        assert pd.read_csv(path)["label"].tolist() == ["angry", "calm"]

    def test_train_says_what_it_did(self, table, tmp_path, capsys):
        output = str(tmp_path / "m.joblib")
        command = ["train", str(table), "--pipeline", "mfcc-logreg", "--output", output, *QUICK]
        assert main([*command, "--memory", str(tmp_path / "kept")]) == 0
        printed = capsys.readouterr().out
        assert f"the best of {n_candidates('logreg')} candidates" in printed
        assert printed.endswith(f"Model: {output}\n")
        assert (tmp_path / "kept").is_dir()

    def test_folder_with_pattern(self, table, tmp_path):
        for path in table.parent.glob("*.wav"):
            speaker, take = path.stem.split()
            (tmp_path / f"person{speaker}_{'ac'[int(take) % 2]}_{take}.wav").write_bytes(
                path.read_bytes()
            )
        pattern = r"(?P<speaker>person\d)_(?P<label>[ac])_"
        output = tmp_path / "m.joblib"
        command = ["train", str(tmp_path), "--pattern", pattern, "--output", str(output), *QUICK]
        assert main(command) == 0
        assert load_model(output).classes_.tolist() == ["a", "c"]


class TestErrors:
    """One line on stderr, status 2, and no traceback."""

    def error_of(self, capsys, *command):
        assert main([str(part) for part in command]) == 2
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return captured.err

    def usage_error_of(self, capsys, *command):
        with pytest.raises(SystemExit, match="2"):
            main([str(part) for part in command])
        return capsys.readouterr().err

    def test_missing_model(self, capsys):
        error = self.error_of(capsys, "predict", "none.joblib", "a.wav")
        assert error.startswith("sklearn-ser: error: There is no model file 'none.joblib'.")
        assert error.count("\n") == 1

    def test_not_a_model(self, capsys, table):
        assert "is not a model file" in self.error_of(capsys, "predict", table, "a.wav")

    def test_missing_table(self, capsys, tmp_path):
        error = self.error_of(
            capsys, "train", tmp_path / "none.csv", "--output", tmp_path / "m.joblib"
        )
        assert "none.csv" in error

    def test_missing_corpus(self, capsys, tmp_path):
        command = ["train", "--corpus", "ravdess", "--data", tmp_path / "none"]
        assert "none" in self.error_of(capsys, *command, "--output", tmp_path / "m.joblib")

    def test_one_speaker(self, capsys, table, tmp_path):
        rows = pd.read_csv(table).assign(speaker="ann")
        rows["path"] = [str(table.parent / path) for path in rows["path"]]
        rows.to_csv(tmp_path / "one.csv", index=False)
        error = self.error_of(
            capsys, "benchmark", "--table", tmp_path / "one.csv", "--output", tmp_path, *QUICK
        )
        assert "All clips are by one speaker, 'ann'" in error

    @pytest.mark.filterwarnings("default")
    def test_no_speakers(self, capsys, table, tmp_path):
        rows = pd.read_csv(table).drop(columns="speaker")
        rows["path"] = [str(table.parent / path) for path in rows["path"]]
        rows.to_csv(tmp_path / "none.csv", index=False)
        command = ["benchmark", "--table", tmp_path / "none.csv", "--output", tmp_path, *QUICK]
        error = self.error_of(capsys, *command)
        assert "sklearn-ser: warning: " in error
        assert "sklearn-ser: error: benchmark does not know who speaks" in error

    def test_traceback_on_request(self):
        with pytest.raises(FileNotFoundError, match="no model file"):
            main(["--traceback", "predict", "none.joblib", "a.wav"])

    def test_unknown_pipeline(self, capsys):
        error = self.usage_error_of(capsys, "benchmark", "--pipelines", "mfc-svm")
        assert "there is no pipeline 'mfc-svm'. Did you mean 'mfcc-svm'? Choose among" in error

    @pytest.mark.parametrize(
        ("command", "message"),
        [
            ([], "required: COMMAND"),
            (["benchmark", "--corpus", "ravdess"], "--corpus ravdess needs --data DIR"),
            (["benchmark", "--data", "x"], "add --corpus ravdess"),
            (["benchmark", "--table", "x", "--corpus", "ravdess"], "not allowed with"),
            (["benchmark", "--folds", "1"], "needs at least 2 folds, got 1"),
            (["benchmark", "--corpus", "raydess"], "Did you mean 'ravdess'"),
            (["benchmark", "--corpus", "tess=a", "--corpus", "tess=b"], "names one corpus twice"),
            (["benchmark", "--corpus", "tess=a", "--corpus", "savee"], "--corpus savee=DIR"),
            (["benchmark", "--corpus", "tess=a", "--data", "b"], "write --corpus NAME=DIR"),
            (["benchmark", "--corpus", "synthetic=a"], "--data names the folder of a corpus"),
            (["benchmark", "--corpus", "synthetic", "--corpus", "tess=a"], "cannot be joined"),
            (["benchmark", "--clean"], "--clean is about a known corpus's defects"),
            (["benchmark", "--target", "sex"], "--target is a column of a known corpus"),
            (["benchmark", "--protocol", "lose"], "Did you mean 'loso'"),
            (["benchmark", "--protocol", "loso", "--folds", "3"], "needs --protocol speakers"),
            (["benchmark", "--corpus", "savee=a", "--folds", "3"], "nothing to loso, loso-sen"),
            (["train", "--output", "x"], "one of the arguments TABLE --corpus is required"),
            (["train", "x"], "required: --output"),
            (["predict", "x"], "required: FILE"),
        ],
    )
    def test_usage(self, capsys, monkeypatch, command, message):
        monkeypatch.delenv("SKLEARN_SER_DATA", raising=False)
        assert message in self.usage_error_of(capsys, *command)


class TestProcess:
    def test_version(self):
        done = subprocess.run([*RUN, "--version"], capture_output=True, text=True)
        assert done.stdout == f"sklearn-ser {__version__}\n"

    @pytest.mark.parametrize(
        "command",
        ["benchmark", "train", "predict", "encoder-card", "extract", "augment", "corpora"],
    )
    def test_help(self, command, capsys):
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])
        assert f"sklearn-ser {command}" in capsys.readouterr().out

    def test_names_in_the_help_exist(self):
        assert set(cli.DEFAULT_PIPELINES) <= set(pipeline_names())
        assert {"mfcc-svm", "mel-logreg", "mel-forest", "frames-svm"} <= set(pipeline_names())

    def test_interrupt(self, monkeypatch, capsys):
        def interrupt(_: argparse.Namespace) -> int:
            raise KeyboardInterrupt

        monkeypatch.setattr(_arguments, "predict", interrupt)
        assert main(["predict", "model", "file"]) == 130
        assert capsys.readouterr() == ("", "")

    @pytest.mark.skipif(os.name == "nt", reason="needs POSIX pipes")
    def test_closed_pipe(self, model, recordings):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [*RUN, "predict", str(model), *recordings], stdout=writer, stderr=subprocess.PIPE
        )
        os.close(writer)
        assert done.returncode == 141
        assert not done.stderr

    @pytest.mark.slow
    @pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
    def test_interrupt_of_a_running_benchmark(self, tmp_path):
        # What a script starts in the background ignores the signal, and so do its children.
        listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        command = [RUN[0], RUN[1], listen + RUN[2], "benchmark", "--n-jobs", "2", "--output"]
        process = subprocess.Popen(
            [*command, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        shown = b""
        while not re.search(rb"[1-9]\d*/30", shown):  # the progress bar: workers are busy
            shown += process.stderr.read(1)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)  # workers that were importing may say so on stderr
        assert process.returncode == 130
        assert list(tmp_path.iterdir()) == []
