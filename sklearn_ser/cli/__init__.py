"""The command ``sklearn-ser``: benchmark, train, predict and more from a terminal."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from sklearn_ser.cli._arguments import _parser
from sklearn_ser.cli._shared import DEFAULT_PIPELINES, PROGRAM
from sklearn_ser.cli._usage import check_usage

__all__ = ["DEFAULT_PIPELINES", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, default=None
        The arguments; None takes those of the process.

    Returns
    -------
    int
        Exit status: 0 if all went well, 1 if some file could not be used, 2 for an error of
        usage or of the data, 130 after Ctrl-C, 141 if the reader of the output has gone.
    """
    args = _parser().parse_args(argv)
    check_usage(args)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            status: int = args.run(args)
            sys.stdout.flush()
            return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Python flushes stdout once more at exit; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, OSError, ImportError) as error:
        if args.traceback:
            raise
        print(f"{PROGRAM}: error: {_message(error)}", file=sys.stderr)
        return 2


def _message(error: BaseException) -> str:
    notes = getattr(error, "__notes__", [])
    return "\n".join([str(error) or type(error).__name__, *notes])


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"{PROGRAM}: warning: {message}", file=sys.stderr)
