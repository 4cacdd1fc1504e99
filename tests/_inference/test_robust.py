"""Robust covariances: exactly fitted rows, labels of clusters, few clusters."""

import warnings

import numpy as np
import pytest
from scipy import stats

from sklearn_gml import GaussianMLRegressor


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 2))
    return X, X @ [1.0, -1.0] + rng.standard_normal(40), np.arange(40) % 4


@pytest.mark.parametrize("kind", ["HC0", "HC1"])
@pytest.mark.parametrize("seed", range(20))
def test_coefficients_fixed_by_exactly_fitted_rows_have_no_variance(kind, seed):
    rng = np.random.default_rng(seed)
    D = np.repeat(np.eye(3), [1, 1, 10], axis=0)
    X, y = np.c_[D, rng.standard_normal(12) * D[:, 2]], rng.standard_normal(12)
    model = GaussianMLRegressor(fit_intercept=False).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = model.summary(kind=kind, X=X, y=y).to_frame()
        variances = np.diagonal(model.coef_covariance(kind, X, y))
    errors = frame["standard_error"].to_numpy()[:4]
    np.testing.assert_allclose(errors[:2], 0.0, atol=1e-14)
    assert (variances >= 0).all()
    assert (errors[2:] > 0.01).all()


@pytest.mark.parametrize("kind", ["HC2", "HC3"])
def test_rows_of_leverage_one_are_named(kind, rows):
    X, y, _ = rows
    X = np.c_[X, np.arange(40) == 7]
    model = GaussianMLRegressor().fit(X, y)
    with pytest.warns(UserWarning, match=r"positions 7; .*HC0"):
        covariance = model.coef_covariance(kind, X, y)
    assert np.isnan(covariance).all()


@pytest.mark.parametrize("missing", [np.nan, None])
def test_missing_labels(rows, missing):
    X, y, groups = rows
    labels = groups.astype(object if missing is None else float)
    labels[3] = missing
    with pytest.raises(ValueError, match="groups has no label for 1 rows"):
        GaussianMLRegressor().fit(X, y).coef_covariance("cluster", X, y, groups=labels)


def test_two_columns_of_labels(rows):
    X, y, groups = rows
    model = GaussianMLRegressor().fit(X, y)
    with pytest.raises(ValueError, match="groups must have one label for each row"):
        model.coef_covariance("cluster", X, y, groups=np.c_[groups, groups])


def test_labels_of_several_types(rows):
    X, y, groups = rows
    labels = np.array([0, "one", (2,), 3.5], dtype=object)[groups]
    model = GaussianMLRegressor().fit(X, y)
    np.testing.assert_array_equal(
        model.coef_covariance("cluster", X, y, groups=labels),
        model.coef_covariance("cluster", X, y, groups=groups),
    )


def test_few_clusters_are_counted(rows):
    X, y, groups = rows
    model, given = GaussianMLRegressor().fit(X, y), {"X": X, "y": y, "groups": groups}
    text = " ".join(str(model.summary(kind="cluster", **given)).split())
    assert "within 4 groups; Student t with 3 degrees of freedom" in text
    assert "4 groups are few for 3 parameters" in text
    covariance = model.coef_covariance("cluster", X, y, groups=groups)
    reach = np.sqrt(np.diagonal(covariance)) * stats.t.ppf(0.975, 3)
    interval = model.conf_int(kind="cluster", **given)[:3]
    np.testing.assert_allclose(np.ptp(interval, axis=1), 2 * reach, rtol=1e-12)
    many = {**given, "groups": np.arange(40) // 2}
    assert "few for" not in str(model.summary(kind="cluster", **many))
