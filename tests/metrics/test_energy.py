"""The energy score: scoringrules on draws, CRPS of one target, quadrature."""

import numpy as np
import pytest
from scipy import stats

from sklearn_gml import GaussianMLRegressor, MultivariateNormal, MultivariateT
from sklearn_gml.metrics import crps_loss, energy_score, neg_energy_scorer

COV = np.array([[2.0, 0.9, 0.3], [0.9, 1.0, -0.2], [0.3, -0.2, 0.5]])


def example(seed=0, n=3):
    rng = np.random.default_rng(seed)
    loc = rng.normal(size=(n, 3))
    return MultivariateNormal.from_covariance(loc, COV), loc + rng.normal(size=(n, 3))


@pytest.mark.parametrize("t", [1, 2, 3])
def test_of_many_draws_by_scoringrules(t):
    scoringrules = pytest.importorskip("scoringrules")
    joint, y = example()
    joint, y = joint.marginal(list(range(t))), y[:, :t]
    draws = joint.rvs(2_000, random_state=1)
    # With each draw its mirror image: less chance.
    draws = np.concatenate([draws, 2.0 * joint.loc - draws]).transpose(1, 0, 2)
    for estimator in ("nrg", "fair"):
        expected = scoringrules.es_ensemble(y, draws, estimator=estimator).mean()
        assert energy_score(y, joint) == pytest.approx(expected, rel=1e-2)


def test_of_one_target_it_is_the_crps():
    joint, y = example()
    for target in range(3):
        one = joint.marginal([target])
        expected = crps_loss(y[:, target], one.marginal(0))
        found = energy_score(y[:, [target]], one)
        assert found == pytest.approx(expected, rel=1e-13)


def test_of_two_equal_variances_by_the_rice_distribution():
    """|Y - y| of a round normal in the plane has Rice's distribution."""
    joint = MultivariateNormal.from_covariance([[0.0, 0.0]], 4.0 * np.eye(2))
    for distance in (0.0, 1.0, 30.0):
        to_outcome = stats.rice(distance / 2.0, scale=2.0).mean()
        apart = stats.rayleigh(scale=2.0 * np.sqrt(2.0)).mean()
        found = energy_score([[distance, 0.0]], joint)
        assert found == pytest.approx(to_outcome - apart / 2, rel=1e-11)


def test_units_weights_and_points():
    joint, y = example()
    for unit in (1e-150, 1e150):
        scaled = MultivariateNormal(
            unit * joint.loc, unit * joint.scale, joint.correlation_root
        )
        assert energy_score(unit * y, scaled) == pytest.approx(
            unit * energy_score(y, joint)
        )
    weight = [2.0, 0.0, 1.0]
    rows = [
        energy_score(
            y[[i]],
            MultivariateNormal(
                joint.loc[[i]], joint.scale[[i]], joint.correlation_root
            ),
        )
        for i in range(3)
    ]
    expected = (2 * rows[0] + rows[2]) / 3
    assert energy_score(y, joint, sample_weight=weight) == pytest.approx(expected)
    point = MultivariateNormal(joint.loc, 1e-12 * joint.scale, joint.correlation_root)
    distance = np.linalg.norm(y - joint.loc, axis=1).mean()
    assert energy_score(y, point) == pytest.approx(distance, rel=1e-9)


def test_of_student_t_by_draws():
    joint, y = example()
    heavy = MultivariateT(joint.loc, joint.scale, joint.correlation_root, 1e9)
    found = energy_score(y, heavy, n_draws=20_000)
    assert found == pytest.approx(energy_score(y, joint), rel=1e-2)
    assert energy_score(y, heavy) == energy_score(y, heavy)


def test_correlations_are_noticed():
    rng = np.random.default_rng(0)
    cov = np.array([[1.0, 0.95], [0.95, 1.0]])
    y = rng.multivariate_normal([0, 0], cov, 4_000)
    loc = np.zeros_like(y)
    right = energy_score(y, MultivariateNormal.from_covariance(loc, cov))
    wrong = energy_score(y, MultivariateNormal.from_covariance(loc, np.eye(2)))
    assert right < wrong - 0.005


def test_scorer_and_refusal():
    joint, y = example(n=60)
    X = joint.loc
    model = GaussianMLRegressor(covariance="full").fit(X, y)
    expected = -energy_score(y, model.predict_dist(X))
    assert neg_energy_scorer(model, X, y) == pytest.approx(expected, rel=0.05)
    with pytest.raises(TypeError, match="needs a joint distribution"):
        neg_energy_scorer(GaussianMLRegressor().fit(X, y), X, y)
