"""Transformed targets: densities with their Jacobian, quantiles, moments."""

import pickle
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special, stats
from scipy.integrate import tanhsinh
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from sklearn_gml._distributions.transformed import inverse_transformed
from sklearn_gml._distributions.truncated import Truncated
from sklearn_gml.metrics import crps_loss

LOC = np.array([0.8, 1.2, 2.1])
Y = np.exp(np.random.default_rng(0).normal(1.0, 0.4, (200, 1)))
BASES = {"norm": stats.norm(LOC, 0.3), "t": stats.t(7, LOC, 0.3)}


def power(exponent, method, standardize=False):
    """A power transformer of a chosen exponent instead of an estimated one."""
    transformer = PowerTransformer(method=method, standardize=standardize).fit(Y)
    transformer.lambdas_ = np.array([exponent])
    return transformer


TRANSFORMERS = {
    "log": FunctionTransformer(np.log, np.exp),
    "log1p": FunctionTransformer(np.log1p, np.expm1),
    "log10": FunctionTransformer(np.log10, lambda z: 10.0**z),
    "sqrt": FunctionTransformer(np.sqrt, np.square),
    "exp": FunctionTransformer(np.exp, np.log),
    "arcsinh": FunctionTransformer(np.arcsinh, np.sinh),
    "logit": FunctionTransformer(special.logit, special.expit),
    "identity": FunctionTransformer(),
    "StandardScaler": StandardScaler(),
    "MinMaxScaler": MinMaxScaler(),
    "RobustScaler": RobustScaler(),
    "MaxAbsScaler": MaxAbsScaler(),
    "Box-Cox": PowerTransformer(method="box-cox"),
    "Box-Cox 0.3": power(0.3, "box-cox"),
    "Box-Cox -0.4": power(-0.4, "box-cox"),
    "Yeo-Johnson": PowerTransformer(),
    "Yeo-Johnson -0.4": power(-0.4, "yeo-johnson"),
    "Yeo-Johnson 2.6": power(2.6, "yeo-johnson"),
    "decreasing": FunctionTransformer(lambda y: -np.log(y), lambda z: np.exp(-z)),
    "cube root": FunctionTransformer(np.cbrt, lambda z: z**3),
    "cube root of unknown name": FunctionTransformer(
        lambda y: np.cbrt(y), lambda z: z**3
    ),
    "square root of unknown name": FunctionTransformer(
        lambda y: np.sqrt(y), lambda z: z**2
    ),
    "pipeline": make_pipeline(FunctionTransformer(np.log, np.exp), StandardScaler()),
    "unknown in a pipeline": make_pipeline(
        StandardScaler(), FunctionTransformer(lambda y: y**3, np.cbrt), MinMaxScaler()
    ),
}
every_transformer = pytest.mark.parametrize("name", TRANSFORMERS)
every_base = pytest.mark.parametrize("base", BASES)


def fitted(name):
    transformer = TRANSFORMERS[name]
    # Functions have nothing to learn, and chosen exponents are not to be learned.
    if isinstance(transformer, FunctionTransformer) or hasattr(transformer, "lambdas_"):
        return transformer
    return transformer.fit(Y)


def distribution_of(name, base):
    return inverse_transformed(BASES[base], fitted(name))


def integral_of_density(distribution, lower):
    """Of rows, from the quantile of ``lower`` to that of ``1 - lower``.

    In pieces by a rule that bears singular ends. The second derivative of
    Yeo-Johnson jumps at zero: an end as well.
    """
    tail = np.geomspace(lower, 0.5, 12)
    y = distribution.ppf(np.concatenate([tail, 1.0 - tail[-2::-1]])[:, None])
    y = np.sort(np.vstack([y, np.clip(0.0, y[0], y[-1])]), axis=0)
    total = 0.0
    for start, stop in pairwise(y):

        def density(points):
            return np.moveaxis(distribution.pdf(np.moveaxis(points, -1, 0)), 0, -1)

        total = (
            total
            + tanhsinh(density, start, stop, preserve_shape=True, rtol=1e-11).integral
        )
    return total


@every_base
@every_transformer
def test_cdf_is_the_integral_of_the_density(name, base):
    distribution = distribution_of(name, base)
    mass = integral_of_density(distribution, 1e-3)
    np.testing.assert_allclose(mass, 0.998, atol=1e-9)


@every_transformer
def test_density_integrates_to_one(name):
    distribution = distribution_of(name, "norm")
    # What lies outside is 2e-10, a fiftieth of what is asked for.
    mass = integral_of_density(distribution, 1e-10)
    np.testing.assert_allclose(mass, 1.0, atol=1e-8)


@every_base
@every_transformer
def test_quantiles_invert_probabilities(name, base):
    distribution = distribution_of(name, base)
    q = np.concatenate([[1e-12, 1e-5], np.linspace(0.01, 0.99, 23)])[:, None]
    # Near an end of the range a probability is a difference of numbers near 1.
    # scipy 1.15 inverts Student's t to eleven decimals.
    close = {"rtol": 1e-10, "atol": 1e-11 if base == "t" else 1e-14}
    q = q + 0.0 * LOC
    np.testing.assert_allclose(distribution.cdf(distribution.ppf(q)), q, **close)
    np.testing.assert_allclose(distribution.sf(distribution.isf(q)), q, **close)


@every_transformer
def test_random_values(name):
    distribution = distribution_of(name, "norm")
    values = distribution.rvs(size=(2000, 3), random_state=1)
    uniform = distribution.cdf(values)
    for column in uniform.T:
        # Deterministic by its seed; a wrong law of 2000 values gives 1e-20 and less.
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    assert distribution.rvs(random_state=0).shape == (3,)


@every_base
@every_transformer
def test_logarithms_and_complements(name, base):
    distribution = distribution_of(name, base)
    y = distribution.ppf(np.array([0.001, 0.2, 0.5, 0.9])[:, None])
    close = {"rtol": 1e-12}
    cdf = distribution.cdf(y)
    np.testing.assert_allclose(distribution.sf(y), 1.0 - cdf, atol=1e-14)
    np.testing.assert_allclose(np.exp(distribution.logcdf(y)), cdf, **close)
    np.testing.assert_allclose(np.exp(distribution.logsf(y)), 1.0 - cdf, atol=1e-14)
    np.testing.assert_allclose(np.exp(distribution.logpdf(y)), distribution.pdf(y))
    low, high = distribution.interval(0.8)
    np.testing.assert_allclose(low, distribution.ppf(0.1), **close)
    np.testing.assert_allclose(high, distribution.ppf(0.9), **close)
    np.testing.assert_array_equal(distribution.median(), distribution.ppf(0.5))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("log", stats.lognorm(0.3, scale=np.exp(LOC))),
        ("log1p", stats.lognorm(0.3, loc=-1.0, scale=np.exp(LOC))),
        ("identity", BASES["norm"]),
        ("StandardScaler", stats.norm(Y.mean() + Y.std() * LOC, 0.3 * Y.std())),
        ("MaxAbsScaler", stats.norm(Y.max() * LOC, 0.3 * Y.max())),
    ],
)
def test_scipys_own_where_there_is_one(name, expected):
    distribution = distribution_of(name, "norm")
    assert distribution.dist.name == expected.dist.name
    y = expected.ppf(np.array([1e-6, 0.1, 0.5, 0.99])[:, None])
    np.testing.assert_allclose(distribution.logpdf(y), expected.logpdf(y), rtol=1e-12)


# A name hides the logarithm, and with it everything that is known of it.
HIDDEN_LOG = FunctionTransformer(lambda y: np.log(y), lambda z: np.exp(z))


@pytest.mark.parametrize("method", ["logpdf", "cdf", "sf", "logcdf", "logsf"])
def test_numerical_path_equals_lognorm(method):
    expected = stats.lognorm(0.3, scale=np.exp(LOC))
    numerical = inverse_transformed(BASES["norm"], HIDDEN_LOG.fit(Y))
    y = expected.ppf(np.array([1e-9, 0.1, 0.5, 0.99, 1.0 - 1e-9])[:, None])
    np.testing.assert_allclose(
        getattr(numerical, method)(y), getattr(expected, method)(y), rtol=1e-9
    )


@pytest.mark.parametrize("moment", ["mean", "var", "std", "median"])
def test_moments_equal_those_of_lognorm(moment):
    expected = stats.lognorm(0.3, scale=np.exp(LOC))
    numerical = inverse_transformed(BASES["norm"], HIDDEN_LOG.fit(Y))
    np.testing.assert_allclose(
        getattr(numerical, moment)(), getattr(expected, moment)(), rtol=1e-9
    )


@pytest.mark.parametrize("sigma", [0.01, 1.0, 5.0])
def test_mean_of_a_wide_lognormal(sigma):
    numerical = inverse_transformed(stats.norm(LOC, sigma), HIDDEN_LOG.fit(Y))
    np.testing.assert_allclose(numerical.mean(), np.exp(LOC + sigma**2 / 2), rtol=1e-8)


def test_moments_of_a_square():
    # The mass below zero is 4e-16 of the whole.
    distribution = inverse_transformed(
        stats.norm(8.0, [0.5, 1.0]), TRANSFORMERS["sqrt"]
    )
    sigma = np.array([0.5, 1.0])
    np.testing.assert_allclose(distribution.mean(), 64.0 + sigma**2, rtol=1e-10)
    variance = 4 * 64.0 * sigma**2 + 2 * sigma**4
    np.testing.assert_allclose(distribution.var(), variance, rtol=1e-10)


@pytest.mark.parametrize(
    ("name", "base", "mean", "std"),
    [
        ("log", "t", np.inf, np.inf),  # exp grows faster than any power
        ("arcsinh", "t", np.nan, np.inf),  # in both directions
        ("decreasing", "t", np.inf, np.inf),
        ("Box-Cox -0.4", "norm", np.inf, np.inf),  # a pole of order 2.5
        ("Yeo-Johnson 2.6", "norm", -np.inf, np.inf),
    ],
)
def test_moments_that_do_not_exist(name, base, mean, std):
    distribution = distribution_of(name, base)
    np.testing.assert_array_equal(distribution.mean(), np.full(3, mean))
    np.testing.assert_array_equal(distribution.std(), np.full(3, std))


def test_cube_of_student_t_has_the_moments_below_its_freedom():
    exists = inverse_transformed(stats.t(7, 0.0, 1.0), TRANSFORMERS["cube root"])
    assert np.isfinite(exists.std())  # moment 6 of t(7)
    assert np.isinf(
        inverse_transformed(stats.t(5, 0.0, 1.0), TRANSFORMERS["cube root"]).std()
    )


@pytest.mark.parametrize("name", ["log", "log1p", "sqrt", "Box-Cox", "decreasing"])
def test_no_density_where_there_is_no_image(name):
    distribution = distribution_of(name, "t")
    np.testing.assert_array_equal(distribution.pdf(-3.0), np.zeros(3))
    np.testing.assert_array_equal(distribution.logpdf(-3.0), np.full(3, -np.inf))
    np.testing.assert_array_equal(distribution.cdf(-3.0), np.zeros(3))
    np.testing.assert_array_equal(distribution.logsf(-3.0), np.zeros(3))
    assert np.isnan(distribution.pdf(np.nan)).all()


def test_support():
    for name, lower, upper in (
        ("log", 0.0, np.inf),
        ("exp", -np.inf, np.inf),
        ("logit", 0.0, 1.0),
        ("sqrt", 0.0, np.inf),
        ("Box-Cox 0.3", 0.0, np.inf),
        ("square root of unknown name", 0.0, np.inf),
    ):
        low, high = distribution_of(name, "t").support()
        np.testing.assert_allclose(low, lower, atol=1e-20)
        np.testing.assert_allclose(high, upper)


def test_several_targets_each_with_its_transformation():
    Y2 = np.column_stack([Y[:, 0], 10.0 * Y[:, 0] ** 2])
    for transformer in (
        StandardScaler(),
        PowerTransformer(),
        FunctionTransformer(lambda y: np.log(y), lambda z: np.exp(z)),
    ):
        transformer.fit(Y2)
        z = transformer.transform(Y2[:4])
        both = inverse_transformed(stats.norm(z, 0.2), transformer)
        for j in (0, 1):
            alone = clone(transformer).fit(Y2[:, [j]])
            one = inverse_transformed(stats.norm(z[:, j], 0.2), alone)
            y = 1.1 * Y2[:4, j]
            np.testing.assert_allclose(
                both.logpdf(1.1 * Y2[:4])[:, j], one.logpdf(y), rtol=1e-8
            )
            np.testing.assert_allclose(both.ppf(0.3)[:, j], one.ppf(0.3), rtol=1e-8)


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (FunctionTransformer(lambda y: y**2, np.sqrt), "not monotone"),
        (FunctionTransformer(np.sin, np.arcsin), "not monotone"),
        (FunctionTransformer(np.abs, lambda z: z), "not monotone"),
        (FunctionTransformer(np.log, np.expm1), "not the inverse"),
        (FunctionTransformer(lambda y: np.cbrt(y), np.exp), "does not undo it"),
    ],
)
def test_what_is_refused(transformer, message):
    with pytest.raises(ValueError, match=message):
        inverse_transformed(stats.norm(LOC, 0.9), transformer)


def test_targets_must_not_be_mixed():
    rotation = FunctionTransformer(
        lambda y: y @ np.array([[0.6, -0.8], [0.8, 0.6]]),
        lambda z: z @ np.array([[0.6, 0.8], [-0.8, 0.6]]),
    )
    with pytest.raises(ValueError, match="mixes targets"):
        inverse_transformed(stats.norm(np.ones((4, 2)), 1.0), rotation)


def test_quantile_transformer():
    transformer = QuantileTransformer(n_quantiles=20, output_distribution="normal")
    transformer.fit(Y)
    distribution = inverse_transformed(stats.norm(0.0, 1.0), transformer)
    y = transformer.quantiles_[2:-2, 0] + 1e-3  # between the kinks
    step = 1e-6
    slope = (distribution.cdf(y + step) - distribution.cdf(y - step)) / (2 * step)
    np.testing.assert_allclose(distribution.pdf(y), slope, rtol=1e-7)


def test_derivative_that_cannot_be_found_is_refused():
    rough = FunctionTransformer(
        lambda y: y, lambda z: z + 1e-7 * np.abs(np.sin(1e9 * z)), validate=True
    )
    with pytest.raises(ValueError, match=r"cannot be found numerically at y=1\.3"):
        inverse_transformed(stats.norm(1.0, 1.0), rough).logpdf(1.3)


@given(
    exponent=st.floats(-1.5, 3.5),
    loc=st.floats(-2.0, 2.0),
    sigma=st.floats(0.05, 2.0),
    y=st.floats(-3.0, 30.0),
)
@example(exponent=-1.1e-308, loc=0.0, sigma=0.5, y=1.0)
@settings(max_examples=60, deadline=None)
def test_power_densities_are_derivatives_of_their_cdf(exponent, loc, sigma, y):
    transformer = power(exponent, "yeo-johnson")
    distribution = inverse_transformed(stats.norm(loc, sigma), transformer)
    step = 1e-5 * (1.0 + abs(y))
    if abs(y) < 2 * step:  # the second derivative jumps at zero
        return
    slope = (distribution.cdf(y + step) - distribution.cdf(y - step)) / (2 * step)
    # Rounding of two probabilities over the step, and the third derivative.
    np.testing.assert_allclose(distribution.pdf(y), slope, atol=1e-9, rtol=1e-6)


@given(
    loc=st.floats(-60.0, 60.0),
    q=st.floats(1e-6, 1.0 - 1e-6),
    family=st.sampled_from(["norm", "t"]),
)
@settings(max_examples=200, deadline=None)
def test_truncation_wherever_the_mass_lies(loc, q, family):
    base = stats.norm(loc, 1.0) if family == "norm" else stats.t(5, loc, 1.0)
    if (family == "t" and abs(loc) > 40) or np.isinf(base.logsf(0.0)):
        return
    for lower, upper in ((0.0, np.inf), (-np.inf, 0.0)):
        truncated = Truncated(base, lower, upper)
        point = truncated.ppf(q)
        z = point.z
        assert lower <= z <= upper
        # Rounding of z, times the density.
        rounding = 1e-15 * (1.0 + abs(loc)) * (1.0 + np.exp(truncated.logpdf(point)))
        if family == "t":
            # Its small probabilities are inverted by scipy 1.15 to eight digits, and
            # the probability beyond the limit is at most 0.05 where that was seen.
            rounding += 1e-9
        np.testing.assert_allclose(truncated.cdf(point), q, rtol=1e-10, atol=rounding)
        np.testing.assert_allclose(
            truncated.sf(point), 1 - q, rtol=1e-10, atol=rounding
        )


def test_densities_at_poles_and_beyond_numbers():
    assert distribution_of("cube root", "norm").pdf(0.0)[0] == np.inf
    exponential = distribution_of("exp", "norm")  # of which exp(800) overflows
    np.testing.assert_array_equal(exponential.logpdf(800.0), np.full(3, -np.inf))
    np.testing.assert_array_equal(exponential.sf(800.0), np.zeros(3))


def test_distributions_are_pickled():
    y = np.array([0.4, 0.5, 0.7])
    for name in ("sqrt", "exp", "logit", "arcsinh", "Box-Cox", "Yeo-Johnson -0.4"):
        distribution = distribution_of(name, "t")
        twin = pickle.loads(pickle.dumps(distribution))
        np.testing.assert_array_equal(twin.logpdf(y), distribution.logpdf(y))


UNKNOWN = np.array([False, True, False])
NUMERICAL = FunctionTransformer(lambda y: np.log(y), lambda z: np.exp(z))


@pytest.mark.parametrize("base", [stats.norm, partial(stats.t, 5)], ids=["norm", "t"])
@pytest.mark.parametrize(
    "transformer",
    [
        NUMERICAL,
        clone(NUMERICAL).set_params(validate=True),
        TRANSFORMERS["cube root"],
        TRANSFORMERS["sqrt"],
    ],
    ids=["numerical", "validated", "cbrt", "sqrt"],
)
def test_rows_of_which_nothing_is_known(base, transformer):
    """They are NaN, and change nothing of the others.

    But for the last digits: vectorised functions round by the place in the array.
    """
    loc, scale = np.array([0.8, 1.0, 1.4]), np.array([0.1, np.nan, 0.2])
    every = inverse_transformed(base(loc, scale), transformer)
    known = inverse_transformed(base(loc[~UNKNOWN], scale[~UNKNOWN]), transformer)
    for name, argument in (("cdf", 1.3), ("cdf", -1.3), ("logpdf", 1.3), ("ppf", 0.3)):
        values = getattr(every, name)(np.full(3, argument))
        assert np.isnan(values[UNKNOWN]).all()
        expected = getattr(known, name)(np.full(2, argument))
        np.testing.assert_allclose(values[~UNKNOWN], expected, rtol=1e-13)
    for name in ("mean", "std"):
        values, expected = getattr(every, name)(), getattr(known, name)()
        np.testing.assert_allclose(values[~UNKNOWN], expected, rtol=1e-13)
    assert np.isnan(crps_loss(np.ones(3), every))


def test_moments_of_unknown_rows_are_unknown_where_others_are_infinite():
    """As scipy has it: ``t(2, scale=nan).var()`` is NaN, not infinite."""
    exponential = FunctionTransformer(np.log, np.exp)
    every = inverse_transformed(stats.t(5, 0.0, [0.1, np.nan]), exponential)
    for name in ("mean", "var", "std"):
        np.testing.assert_array_equal(getattr(every, name)(), [np.inf, np.nan])


def test_targets_of_which_nothing_is_known_in_some_rows():
    loc, scale = (
        np.array([[0.0, 0.5], [1.0, 2.0]]),
        np.array([[0.3, np.nan], [0.3, 0.2]]),
    )
    median = inverse_transformed(stats.norm(loc, scale), NUMERICAL).median()
    np.testing.assert_allclose(median, np.where(np.isnan(scale), np.nan, np.exp(loc)))


def test_a_target_of_which_nothing_is_known():
    for scale in (np.nan, [[0.3, np.nan], [0.3, np.nan]]):
        with pytest.raises(ValueError, match=r"anything known of target \d, because"):
            inverse_transformed(stats.norm(np.ones((2, 2)), scale), NUMERICAL)
