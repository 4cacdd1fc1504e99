"""The maximisers know no regression: here they climb a Poisson likelihood."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import special

from sklearn_gml._likelihood.maximisers import maximise_lbfgs, maximise_newton


class PoissonObjective:
    """Log-likelihood of counts with mean exp(theta), one parameter each."""

    mean_weight = 1.0
    max_stalls = 3

    def __init__(self, counts, start):
        self.counts = np.asarray(counts, float)[:, None]
        self.lower = np.full(self.counts.shape, -np.inf)
        self.start = self.at(np.full_like(self.counts, start))

    def at(self, theta):
        expected = np.exp(theta)
        terms = self.counts * theta - expected - special.gammaln(self.counts + 1)
        gradient = self.counts - expected
        return SimpleNamespace(
            theta=theta,
            value=float(terms.sum()),
            gradient=gradient,
            information_diagonal=expected,
            step=gradient / expected,
            gain=0.5 * float(np.sum(gradient**2 / expected)),
            gain_floor=0.0,
            unbounded=False,
            lengthens=False,
            resolution=np.finfo(float).eps * abs(float(terms.sum())),
        )

    def settled(self, theta, before=None):
        return self.at(theta)

    def free(self, point):
        return np.ones(self.counts.shape, dtype=bool)


@pytest.mark.parametrize("maximise", [maximise_newton, maximise_lbfgs])
def test_finds_the_maximum(maximise):
    counts = [1.0, 4.0, 250.0]
    solution = maximise(PoissonObjective(counts, start=2.0), max_iter=50, tol=1e-8)
    assert solution.converged
    # 1e-6 standard errors: what comparing values can resolve.
    distance = (solution.point.theta[:, 0] - np.log(counts)) * np.sqrt(counts)
    assert np.max(np.abs(distance)) < 1e-5
    assert "converged after" in solution.message


def test_newton_never_goes_down():
    # A full step from theta = -3 overshoots to exp(79).
    objective = PoissonObjective([5.0], start=-3.0)
    values = [objective.start.value]
    for steps in range(1, 9):
        solution = maximise_newton(objective, max_iter=steps, tol=1e-12)
        values.append(solution.point.value)
    assert np.all(np.diff(values) >= 0)
    assert np.isfinite(values).all()


@pytest.mark.parametrize("maximise", [maximise_newton, maximise_lbfgs])
def test_says_when_it_did_not_arrive(maximise):
    solution = maximise(PoissonObjective([5.0], start=-3.0), max_iter=2, tol=1e-10)
    assert not solution.converged
    assert solution.n_iter == 2
    assert "not converged after" in solution.message
    assert "standard errors away; raise max_iter" in solution.message
    truth = abs(solution.point.theta[0, 0] - np.log(5.0))
    assert solution.distance > 0.1 * truth


class RoundedObjective(PoissonObjective):
    """One whose gradient and values are known to so many standard errors only."""

    max_stalls = None

    def __init__(self, distance, resolution, fall=0.0):
        self.distance, self.resolution, self.fall = distance, resolution, fall
        super().__init__([5.0], start=1.0)

    def at(self, theta):
        point = super().at(theta)
        point.gain = max(point.gain, 0.5 * self.distance**2)
        point.resolution = self.resolution
        if np.any(theta != 1.0):
            point.value -= self.fall
        return point


@pytest.mark.parametrize("distance, arrived", [(1e-7, True), (1e-3, False)])
def test_a_gain_of_rounding_is_arrival_at_a_maximum_alone(distance, arrived):
    objective = RoundedObjective(distance, resolution=1e-7)
    solution = maximise_newton(objective, max_iter=60, tol=1e-8)
    assert solution.converged == arrived
    # Newton's way from this start has five steps.
    assert (solution.n_iter < 10) == arrived


@pytest.mark.parametrize("distance, arrived", [(1e-3, True), (1.0, False)])
def test_values_that_only_fall_are_arrival_at_a_maximum_alone(distance, arrived):
    objective = RoundedObjective(distance, resolution=1.0, fall=1e3)
    objective.start.gain = 0.5 * distance**2
    solution = maximise_newton(objective, max_iter=60, tol=1e-8)
    assert solution.n_iter == 0
    assert solution.converged == arrived
