"""Sphinx settings. The build needs no network, and the snippets of every page are run."""

from __future__ import annotations

import doctest

import sklearn_ser

project = "sklearn_ser"
author = "The sklearn_ser developers"
copyright = author
version = release = sklearn_ser.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"sklearn_ser {release}"
html_show_sphinx = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# The same flags as in pyproject.toml.
doctest_default_flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
doctest_global_setup = "import warnings; warnings.simplefilter('error')"


def skip_what_scikit_learn_generates(app, what, name, member, skip, options):
    """Leave out `set_fit_request` and its like, whose texts point into scikit-learn's guide."""
    generated = name.startswith("set_") and name.endswith("_request")
    return True if generated else None


def setup(app):
    app.connect("autodoc-skip-member", skip_what_scikit_learn_generates)
