"""Wald tests against statsmodels, exact values, and laws of units and estimability."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.datasets import load_diabetes

from sklearn_gml import GaussianMLRegressor, RankDeficiencyWarning


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True, as_frame=True)


def fit(X, y, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RankDeficiencyWarning)
        return GaussianMLRegressor(**parameters).fit(X, y)


def test_against_statsmodels(diabetes):
    X, y = diabetes
    ours, theirs = fit(X, y), sm.OLS(y, sm.add_constant(X)).fit()
    test = ours.wald_test(["bmi - 2 bp = 1", "s1 + s2 = s5"], level=0.9)
    truth = theirs.t_test("bmi - 2*bp = 1, s1 + s2 = s5")
    joint = theirs.f_test("bmi - 2*bp = 1, s1 + s2 = s5")
    assert test.statistic == pytest.approx(joint.fvalue, rel=1e-9)
    assert test.pvalue == pytest.approx(joint.pvalue, rel=1e-9)
    assert test.degrees_of_freedom == (2, joint.df_denom)
    # The constants of their hypotheses are in ``statistic``, not in ``effect``.
    np.testing.assert_allclose(test.estimate, truth.effect, rtol=1e-9)
    np.testing.assert_allclose(test.standard_error, truth.sd, rtol=1e-9)
    np.testing.assert_allclose(test.interval, truth.conf_int(0.1), rtol=1e-9)


def test_forms_of_one_hypothesis_agree(diabetes):
    X, y = diabetes
    model = fit(X, y)
    contrast = np.zeros(11)
    contrast[[3, 4]] = 1, -1
    truth = model.wald_test(contrast)
    for given in (
        "bmi = bp",
        {"bmi": 1, "bp": -1},
        pd.DataFrame({"bp": [-1.0], "bmi": [1.0]}),
    ):
        assert model.wald_test(given).statistic == pytest.approx(truth.statistic)


def test_estimable_contrasts_of_a_factor():
    D, y = np.repeat(np.eye(2), 3, 0), [1, 2, 4, 6, 7, 8]
    test = fit(D, y).wald_test([0, 1, -1])
    # Group means 7/3 and 7, residual squares 14/3 + 2 over 4 degrees of freedom.
    assert test.statistic == pytest.approx(19.6, rel=1e-12)
    assert test.degrees_of_freedom == (1, 4)
    means = fit(D, y).wald_test([[1, 1, 0], [1, 0, 1]], [7 / 3, 7])
    np.testing.assert_allclose(means.estimate, [7 / 3, 7])
    np.testing.assert_allclose(means.standard_error, np.sqrt(20 / 3 / 4 / 3))
    assert means.statistic == pytest.approx(0.0, abs=1e-12)
    for lost in ("x0", "intercept", [1, 1, 1], [0, 1, 1]):
        assert np.isnan(fit(D, y).wald_test(lost).statistic)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("noise", ["constant", "log-linear"])
def test_contrasts_of_factors_do_not_depend_on_the_coding(seed, noise):
    rng = np.random.default_rng(seed)
    levels = rng.integers(0, 4, 80)
    D, x = np.eye(4)[levels], rng.normal(50, 3, 80)
    y = 0.3 * x + levels + rng.standard_normal(80) * np.exp(0.3 * (levels == 2))
    all_levels = fit(np.column_stack([D, x]), y, noise=noise)
    dropped = fit(np.column_stack([D[:, 1:], x]), y, noise=noise)
    k = len(dropped.parameter_names())
    small, large = np.zeros((2, k)), np.zeros((2, len(all_levels.parameter_names())))
    small[0, [1, 2]], large[0, [2, 3]] = (1, -1), (1, -1)
    small[1, 3], large[1, [4, 1]] = 1, (1, -1)
    one, other = dropped.wald_test(small), all_levels.wald_test(large)
    assert other.statistic == pytest.approx(one.statistic, rel=1e-5)
    np.testing.assert_allclose(other.standard_error, one.standard_error, rtol=1e-5)
    assert np.isnan(all_levels.wald_test("x1").pvalue)
    assert np.isfinite(all_levels.wald_test("x4").pvalue)


@pytest.mark.parametrize("scale", [1e-9, 1e-6, 1e6, 1e9])
def test_units_decide_neither_independence_nor_estimability(scale):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 2))
    y = X @ [1.0, 0.3] + rng.standard_normal(40)
    both = fit(X, y).wald_test(["x0", "x1"]).statistic
    scaled = fit(X * [1.0, scale], y)
    assert scaled.wald_test([[0, 1, 1], [0, 1, -1]]).statistic == pytest.approx(
        both, rel=1e-9
    )
    with pytest.raises(ValueError, match="linearly dependent"):
        scaled.wald_test([[0, 1, 1], [0, 2, 2]])
    twice = fit(np.column_stack([X[:, 0], scale * X[:, 0], X[:, 1]]), y)
    errors = twice.summary().to_frame()["standard_error"].isna()
    assert list(errors.index[errors]) == ["x0", "x1"]
    one = twice.wald_test({"x0": 1, "x1": scale})
    alone = fit(X, y).wald_test("x0").statistic
    assert one.statistic == pytest.approx(alone, rel=1e-5)


def test_hypotheses_that_follow_from_others(diabetes):
    model = fit(*diabetes)
    for given in (["bmi = bp", "bp = s5", "bmi = s5"], ["bmi", "bmi"]):
        with pytest.raises(ValueError, match="linearly dependent"):
            model.wald_test(given)


def test_more_hypotheses_than_clusters(diabetes):
    X, y = diabetes
    rows = {"X": X, "y": y, "groups": np.arange(len(y)) % 3}
    model = fit(X, y)
    assert model.wald_test(["bmi", "bp"], kind="cluster", **rows).pvalue < 1
    with pytest.raises(ValueError, match="singular covariance"):
        model.wald_test(["bmi", "bp", "s5", "s6"], kind="cluster", **rows)


def test_several_targets(diabetes):
    X, y = diabetes
    model = fit(X, np.column_stack([y, np.sqrt(y)]))
    test, alone = model.wald_test(["bmi = bp", "s5"]), fit(X, np.sqrt(y))
    assert test.estimate.shape == (2, 2) and test.interval.shape == (2, 2, 2)
    truth = alone.wald_test(["bmi = bp", "s5"])
    assert test.pvalue[1] == pytest.approx(truth.pvalue, rel=1e-9)
    np.testing.assert_allclose(test.interval[1], truth.interval, rtol=1e-9)
    assert "Target 1" in str(test)


def test_prints_as_a_table(diabetes):
    text = str(fit(*diabetes).wald_test(["s1", "s2 = s3"])).splitlines()
    assert text[0] == "F(2, 431) = 1.993, p = 0.14"
    assert text[2].split()[:2] == ["estimate", "std."]
    assert [line.split(" = 0")[0] for line in text[3:]] == ["s1", "s2 - s3"]


def test_vanishing_pvalues_are_not_zeros():
    x = np.linspace(0, 1, 2000)
    y = x + 1e-3 * np.sin(1e3 * x)
    model = fit(x[:, None], y)
    assert model.wald_test("x0").pvalue == 0.0
    assert str(model.wald_test("x0")).splitlines()[0].endswith("p < 1e-300")
    assert "< 1e-300" in str(model.summary())


def test_names_of_two_parameters(diabetes):
    X, y = diabetes
    model = fit(X.rename(columns={"bmi": "intercept"}), y)
    with pytest.raises(ValueError, match="2 parameters are called"):
        model.wald_test("intercept")
    named = model.wald_test("bmi", feature_names=list(X.columns))
    assert named.statistic == pytest.approx(fit(X, y).wald_test("bmi").statistic)


def test_a_prior_on_the_noise_has_no_tests(diabetes):
    X, y = diabetes
    model = fit(X, y, noise="log-linear", noise_columns=["bmi"], noise_alpha=1.0)
    with pytest.raises(ValueError, match=r"noise_alpha=1\.0 gives"):
        model.wald_test("bmi")


def test_a_dict_is_one_contrast():
    data = sm.datasets.statecrime.load_pandas().data
    X, y = data[["urban", "poverty", "hs_grad", "single"]], data["murder"]
    truth = sm.OLS(y, sm.add_constant(X)).fit().f_test("poverty - hs_grad = 0")
    test = fit(X, y).wald_test({"poverty": 1, "hs_grad": -1})
    assert test.degrees_of_freedom == (1, 46)
    assert test.statistic == pytest.approx(truth.fvalue, rel=1e-9)
    assert test.statistic == pytest.approx(1.09, abs=0.005)
