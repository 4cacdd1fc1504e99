"""The linear-regression sets of NIST StRD, as rows of float64."""

import json

import numpy as np
import reference_fits as reference

MORE = json.loads((reference.FOLDER / "strd_data.json").read_text())

# In NIST's order of difficulty.
SETS = (
    "norris",
    "pontius",
    "noint1",
    "noint2",
    "filip",
    "longley",
    "wampler1",
    "wampler2",
    "wampler3",
    "wampler4",
    "wampler5",
)


def problem(name):
    """``(X, y, fit_intercept)``; powers are computed in float64."""
    if name in MORE:
        case = MORE[name]
        return powers(case["x"], case["degree"]), np.array(case["y"]), case["intercept"]
    case = reference.load(f"nist_{name}")
    model, y = case["model"], np.array(case["columns"][case["model"]["y"]], float)
    X = reference.columns(case, model["predictors"])
    if model["degree"]:
        X = powers(X[:, 0], model["degree"])
    return X, y, model["intercept"]


def powers(x, degree):
    # Python's own powers: those of numpy depend on its version and the processor.
    return np.array(
        [[value**power for power in range(1, degree + 1)] for value in map(float, x)]
    )


def parameters(model):
    """The intercept, if there is one, and the coefficients."""
    intercept = [model.intercept_] if model.fit_intercept else []
    return np.append(intercept, model.coef_)


def standard_errors(model):
    return np.sqrt(np.diagonal(model.coef_covariance()))


def digits(value, truth):
    """Agreeing digits of the worst number, 16 at most; None of nothing."""
    return None if value is None else min(reference.digits(value, truth), 16.0)
