"""A parameter that another one makes meaningless is answered by a warning of both."""

import warnings

import numpy as np
import pytest

from sklearn_gml import GaussianMLRegressor, GaussianStatistics

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3))
Y = X.sum(axis=1) + RNG.standard_normal(40)

IGNORED = [
    ({"noise_columns": ["nope"]}, r"noise_columns=\['nope'\] has no effect with"),
    ({"noise_columns": [0]}, r"noise_columns=\[0\] has no effect with noise="),
    ({"noise_alpha": 5.0}, "noise_alpha=5.0 has no effect with noise="),
    ({"prior_groups": [[0]]}, r"prior_groups=\[\[0\]\] has no effect with alpha=0"),
]


@pytest.mark.parametrize(("settings", "message"), IGNORED)
def test_both_parameters_are_named(settings, message):
    model = GaussianMLRegressor(**settings)
    with pytest.warns(UserWarning, match=message) as caught:
        model.fit(X, Y)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=message):
        model.fit_statistics(GaussianStatistics.from_data(X, Y))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"noise": "log-linear", "noise_columns": [0], "noise_alpha": 5.0},
        {"alpha": 1.0, "prior_groups": [[0]]},
        {"alpha": "evidence", "prior_groups": "columns"},
    ],
)
def test_parameters_that_count_are_no_warning(settings):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        GaussianMLRegressor(**settings).fit(X, Y)
