"""scikit-learn's own checks, all of them."""

import pytest
from sklearn.utils.estimator_checks import check_estimator

from sklearn_gml import GaussianMLRegressor, GaussianMLRegressorCV

# The checks fit random data of no rank or no noise on purpose, and a dozen rows with
# two values of y, whose noise the features explain to the rounding level.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn_gml.DegenerateFitWarning"),
    pytest.mark.filterwarnings("ignore::sklearn_gml.PriorBoundWarning"),
    pytest.mark.filterwarnings("ignore::sklearn_gml.RankDeficiencyWarning"),
]

VARIANTS = [
    {},
    {"fit_intercept": False},
    {"alpha": 1.0},
    {"alpha": "evidence"},
    {"alpha": "evidence", "method": "reml"},
    {"alpha": "evidence", "prior_groups": "columns"},
    {"alpha": "evidence", "prior_groups": "columns", "method": "reml"},
    {"alpha": 1.0, "prior_groups": "columns"},
    {"alpha": [1.0], "prior_groups": [[0]]},
    {"positive": True},
    {"method": "reml"},
    {"covariance": "full"},
    {"solver": "lbfgs"},
    {"noise": "log-linear"},
    {"noise": "log-linear", "noise_columns": [0]},
    {"noise": "log-linear", "noise_alpha": 1.0},
    {"noise": "log-linear", "noise_columns": [0], "noise_alpha": 1.0},
    {"noise": "log-linear", "noise_alpha": 1.0, "alpha": 1.0},
    {"noise": "log-linear", "noise_alpha": 1.0, "method": "reml"},
    {"noise": "log-linear", "noise_alpha": 1.0, "solver": "lbfgs"},
    {"censoring": (0, None)},
    {"censoring": (0, None), "noise": "log-linear"},
    {"censoring": (0, None), "noise": "log-linear", "noise_alpha": 1.0},
]


@pytest.mark.parametrize("parameters", VARIANTS, ids=str)
def test_every_check_passes(parameters):
    results = check_estimator(
        GaussianMLRegressor(**parameters), on_skip=None, on_fail="raise"
    )
    assert len(results) > 40
    skipped = {r["check_name"] for r in results if r["status"] == "skipped"}
    assert skipped <= {"check_array_api_input"}
    assert all(r["status"] in {"passed", "skipped"} for r in results)


@pytest.mark.parametrize("parameters", [{}, {"cv": 3}, {"alphas": 5}], ids=str)
def test_every_check_passes_with_cross_validation(parameters):
    results = check_estimator(
        GaussianMLRegressorCV(**parameters), on_skip=None, on_fail="raise"
    )
    assert len(results) > 40
    skipped = {r["check_name"] for r in results if r["status"] == "skipped"}
    assert skipped <= {"check_array_api_input"}
    assert all(r["status"] in {"passed", "skipped"} for r in results)
