"""Reads ``tests/reference`` and counts agreeing digits."""

import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "reference"


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def names(*prefixes):
    found = []
    for prefix in prefixes:
        here = sorted(path.stem for path in FOLDER.glob(f"{prefix}_*.json"))
        assert here, f"no reference fits called {prefix}_*"
        found += here
    return found


def columns(case, terms):
    """Matrix of the named columns; an intercept is left to the estimator."""
    terms = [term for term in terms if term != "(Intercept)"]
    return np.column_stack([np.asarray(case["columns"][term], float) for term in terms])


def digits(value, truth, *, scale=None):
    """Smallest number of agreeing significant digits, 17 for identical numbers.

    ``scale`` replaces ``|truth|`` as the unit where a truth near zero would make
    relative error meaningless.
    """
    value, truth = np.asarray(value, float), np.asarray(truth, float)
    scale = np.abs(truth) if scale is None else np.asarray(scale, float)
    error = np.max(np.abs(value - truth) / scale)
    return 17.0 if error == 0 else -np.log10(error)
