"""The point predictions are those of scikit-learn's linear models."""

import numpy as np
import pytest
import sklearn
from generated import problem
from scipy import sparse
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.utils.fixes import parse_version

from sklearn_gml import GaussianMLRegressor

# Since 1.7 a tolerance decides which singular values count; 0 keeps them all, as
# before. Rank-deficient designs need a cut, and there its default serves.
HAS_TOLERANCE = parse_version(sklearn.__version__) >= parse_version("1.7")

# Both sides lose eps times the condition number, at most 1e4 here.
RTOL = 1e-9

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn_gml.DegenerateFitWarning"),
    pytest.mark.filterwarnings("ignore::sklearn_gml.RankDeficiencyWarning"),
]


def least_squares(fit_intercept=True, **parameters):
    if HAS_TOLERANCE:
        parameters.setdefault("tol", 0)
    return LinearRegression(fit_intercept=fit_intercept, **parameters)


def assert_same_fit(ours, theirs, X, rtol=RTOL):
    expected = theirs.predict(X)
    scale = np.max(np.abs(expected))
    np.testing.assert_allclose(ours.predict(X), expected, rtol=rtol, atol=rtol * scale)
    np.testing.assert_allclose(
        ours.coef_,
        theirs.coef_,
        rtol=rtol,
        atol=rtol * np.max(np.abs(theirs.coef_)),
    )
    np.testing.assert_allclose(
        ours.intercept_, theirs.intercept_, rtol=rtol, atol=rtol * scale
    )
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    assert ours.coef_.shape == theirs.coef_.shape


@pytest.mark.parametrize(
    ("X", "y"),
    [
        load_diabetes(return_X_y=True),
        load_diabetes(return_X_y=True, scaled=False),
        load_linnerud(return_X_y=True),
    ],
    ids=["diabetes", "diabetes unscaled", "linnerud"],
)
def test_real_data(X, y):
    assert_same_fit(GaussianMLRegressor().fit(X, y), least_squares().fit(X, y), X)
    for alpha in np.geomspace(1e-3, 1e3, 7):
        # Ridge's own Cholesky solves the normal equations; its SVD does not.
        theirs = Ridge(alpha=alpha, solver="svd").fit(X, y)
        assert_same_fit(GaussianMLRegressor(alpha=alpha).fit(X, y), theirs, X)
    theirs = LinearRegression(positive=True).fit(X, y)
    ours = GaussianMLRegressor(positive=True).fit(X, y)
    assert_same_fit(ours, theirs, X, rtol=1e-8)


@pytest.mark.parametrize("seed", range(200))
def test_generated_least_squares(seed):
    generated = problem(seed)
    options = {"fit_intercept": generated.fit_intercept}
    dense = generated.dense
    deficient = np.linalg.matrix_rank(dense - dense.mean(axis=0)) < dense.shape[1]
    if deficient and HAS_TOLERANCE:
        # Far below any singular value that is not zero, far above rounding.
        options["tol"] = 1e-12
    # scikit-learn's sparse solver is iterative; its answer to the dense rows is not.
    theirs = least_squares(**options).fit(dense, generated.y, generated.weight)
    ours = GaussianMLRegressor(fit_intercept=generated.fit_intercept)
    ours.fit(generated.X, generated.y, generated.weight)
    assert_same_fit(ours, theirs, dense)


@pytest.mark.parametrize("alpha", np.geomspace(1e-3, 1e3, 7))
@pytest.mark.parametrize("seed", range(24))
def test_generated_ridge(seed, alpha):
    generated = problem(seed)
    options = {"fit_intercept": generated.fit_intercept, "alpha": alpha}
    theirs = Ridge(solver="svd", **options)
    theirs.fit(generated.dense, generated.y, generated.weight)
    ours = GaussianMLRegressor(**options)
    ours.fit(generated.X, generated.y, generated.weight)
    assert_same_fit(ours, theirs, generated.dense)


@pytest.mark.parametrize("seed", range(24))
def test_generated_positive(seed):
    generated = problem(seed, kind="weighted" if seed % 2 else "long")
    options = {"fit_intercept": generated.fit_intercept, "positive": True}
    theirs = LinearRegression(**options)
    theirs.fit(generated.X, generated.y, generated.weight)
    ours = GaussianMLRegressor(**options)
    ours.fit(generated.X, generated.y, generated.weight)
    assert_same_fit(ours, theirs, generated.X, rtol=1e-8)
    assert np.all(ours.coef_ >= 0)


def containers():
    def frame(module):
        return lambda X: pytest.importorskip(module).DataFrame(
            dict(zip("abc", X.T, strict=True))
        )

    return {
        "C": np.ascontiguousarray,
        "Fortran": np.asfortranarray,
        "strided": lambda X: np.repeat(X, 2, axis=0)[::2],
        "list": np.ndarray.tolist,
        "csr_array": sparse.csr_array,
        "csc_array": sparse.csc_array,
        "csr_matrix": sparse.csr_matrix,
        "csc_matrix": sparse.csc_matrix,
        "coo_array": sparse.coo_array,
        "pandas": frame("pandas"),
        "polars": frame("polars"),
    }


@pytest.mark.parametrize("name", containers())
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32, np.uint8])
def test_every_container_gives_the_same_fit(name, dtype):
    rng = np.random.default_rng(3)
    X = rng.integers(0, 9, size=(60, 3)).astype(dtype)
    y = X @ [1.0, -2.0, 0.5] + rng.standard_normal(60)
    weight = rng.uniform(0.5, 2.0, 60)
    container = containers()[name](X)
    before = X.copy()
    ours = GaussianMLRegressor().fit(container, y, sample_weight=weight)
    expected = GaussianMLRegressor().fit(X.astype(float), y, sample_weight=weight)
    # Small integers are exact in every type; the order of sums is not.
    np.testing.assert_allclose(ours.coef_, expected.coef_, rtol=1e-13)
    np.testing.assert_allclose(ours.loglik_, expected.loglik_, rtol=1e-13)
    np.testing.assert_allclose(ours.predict(container), expected.predict(X), rtol=1e-12)
    np.testing.assert_array_equal(X, before)
    if name in ("pandas", "polars"):
        assert list(ours.feature_names_in_) == ["a", "b", "c"]
