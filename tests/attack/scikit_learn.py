"""scikit-learn's own tests of its linear models, run with ours in their place.

The installed scikit-learn carries them::

    python tests/attack/scikit_learn.py              all files, or the ones named
    python tests/attack/scikit_learn.py compose/test_target -- -x --tb=short

Prints how many tests of each file passed, and in how many of these ours was fitted
(of this process alone). Exits with 1 if a test fails that ``ALLOWED`` does not list.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections import Counter, defaultdict
from fnmatch import fnmatchcase
from functools import wraps
from typing import Any

import pytest
import sklearn.linear_model

from sklearn_gml import GaussianMLRegressor

FILES = (
    "compose/test_target",
    "ensemble/test_stacking",
    "ensemble/test_bagging",
    "feature_selection/test_rfe",
    "inspection/test_permutation_importance",
    "inspection/test_partial_dependence",
    "linear_model/test_base",
    "linear_model/test_ridge",
)

# Tests that may fail: a pattern of ``file::test``, and why.
ALLOWED: tuple[tuple[str, str], ...] = (
    (
        "compose/test_target::*_not_warns_with_global_output_set*",
        "as many parameters as rows: ours warns that no noise is left",
    ),
    (
        "ensemble/test_stacking::test_stacking_without_n_features_in*",
        "the message has the name of our class",
    ),
    (
        "feature_selection/test_rfe::test_rfe_estimator_attribute_error",
        "the message has the name of our class",
    ),
    (
        "linear_model/test_base::test_raises_value_error_if_positive_and_sparse",
        "ours has positive coefficients of sparse columns",
    ),
    (
        "linear_model/test_base::test_inplace_data_preprocessing*-None]",
        "copy_X=False: ours never overwrites X",
    ),
    (
        "linear_model/test_ridge::test_ridge_regression?42-*",
        "after all numbers it asks for solver_, the one of Ridge's that ran",
    ),
    (
        "linear_model/test_ridge::test_ridge_shapes_type",
        "y of one column gives coef_ of shape (1, p), as LinearRegression has it",
    ),
    (
        "linear_model/test_ridge::*individual_penalties",
        "an array of alpha has one for each group of columns, none for each target",
    ),
    (
        "linear_model/test_ridge::test_n_iter",
        "n_iter_ is the one step of ours, whatever Ridge's solvers need",
    ),
    (
        "linear_model/test_ridge::test_ridge_fit_intercept_sparse_*",
        "ours has no solver that cannot do this",
    ),
    (
        "linear_model/test_ridge::test_dtype_match*",
        "float32 rows have float64 results, as float32 would lose their digits",
    ),
    (
        "linear_model/test_ridge::test_ridge_positive_error_test*",
        "ours has no solver that cannot do this",
    ),
    (
        "linear_model/test_ridge::test_lbfgs_solver_error",
        "ours has no solver that cannot do this",
    ),
)


def linear_regression(*, copy_X=True, n_jobs=None, **settings: Any):
    """Ours by the constructor of LinearRegression."""
    return GaussianMLRegressor(**settings)


def ridge(
    alpha=1.0,
    *,
    copy_X=True,
    max_iter=None,
    tol=None,
    solver="auto",
    random_state=None,
    **settings: Any,
):
    """Ours by the constructor of Ridge, whose solvers all have one answer."""
    return GaussianMLRegressor(alpha=alpha, **settings)


class Outcomes:
    """What became of each test, and whether it fitted ours."""

    def __init__(self):
        self.counts = defaultdict(Counter)
        self.unexpected = []
        self.met = set()
        self.fits = 0

    def count_fits(self):
        fit = GaussianMLRegressor.fit

        @wraps(fit)
        def counted(*args, **kwargs):
            self.fits += 1
            return fit(*args, **kwargs)

        GaussianMLRegressor.fit = counted

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.fits = 0
        return (yield)

    def pytest_runtest_logreport(self, report):
        # Setting up counts where it ends the test.
        if report.when != "call" and report.outcome == "passed":
            return
        test = name_of(report.nodeid)
        outcome = report.outcome
        if hasattr(report, "wasxfail"):
            outcome = "expected to fail" if report.skipped else "passed"
        if outcome == "failed":
            reasons = [entry for entry in ALLOWED if fnmatchcase(test, entry[0])]
            self.met.update(reasons)
            outcome = "failed as allowed" if reasons else "FAILED"
            if not reasons:
                self.unexpected.append(test)
        file = test.partition("::")[0]
        self.counts[file][outcome] += 1
        if outcome == "passed" and self.fits:
            self.counts[file]["of these with ours fitted"] += 1

    def pytest_collectreport(self, report):
        if report.failed:
            self.unexpected.append(f"collection of {report.nodeid}")

    def print(self, complete):
        print("\nscikit-learn", sklearn.__version__)
        for file, counts in self.counts.items():
            text = ", ".join(f"{counts[key]} {key}" for key in sorted(counts))
            print(f"{file}: {text}")
        for test, reason in sorted(self.met):
            print(f"allowed: {test}: {reason}")
        for test in self.unexpected:
            print(f"FAILED: {test}")
        if complete:
            for test, _ in sorted(set(ALLOWED) - self.met):
                print(f"no longer fails with this scikit-learn: {test}")


def name_of(nodeid):
    """``file::test`` of pytest's name of a test."""
    path, _, test = nodeid.partition("::")
    *_, folder, _, file = path.removesuffix(".py").split("/")
    return f"{folder}/{file}::{test}"


def main(arguments):
    end = arguments.index("--") if "--" in arguments else len(arguments)
    named, options = arguments[:end], arguments[end + 1 :]
    files = named or list(FILES)
    modules = [file.replace("/", ".tests.") for file in files]
    # The tools import scikit-learn's own before the tests meet ours.
    for module in modules:
        importlib.import_module("sklearn." + module.partition(".")[0])
    sklearn.linear_model.LinearRegression = linear_regression
    sklearn.linear_model.Ridge = ridge
    outcomes = Outcomes()
    outcomes.count_fits()
    root = os.path.dirname(sklearn.__file__)
    pytest.main(
        [
            *("-q", "--no-header", "-p", "no:cacheprovider"),
            *("-c", os.devnull, "--rootdir", root, "--pyargs"),
            *(f"sklearn.{module}" for module in modules),
            *options,
        ],
        plugins=[outcomes],
    )
    outcomes.print(complete=not named)
    return bool(outcomes.unexpected)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
