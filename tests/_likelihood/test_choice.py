"""The alpha that is chosen on a curve: on the grid, between its points, at its ends."""

import numpy as np
import pytest

from sklearn_gml._likelihood.choice import Scores, Selection, results


def curve_of(function, *, error=0.1):
    """A curve of two folds whose scores lie one error to either side."""

    def curve(alphas):
        with np.errstate(divide="ignore"):
            values = np.asarray(function(np.log(alphas)), dtype=float)
        by_fold = np.stack([values - error, values + error], axis=1)[:, :, None]
        return Scores.of_folds(by_fold, np.zeros(2))

    return curve


def selection(function, alphas, *, refine=True, error=0.1, least=1e-8):
    alphas = np.array(alphas, dtype=float)
    curve = curve_of(function, error=error)
    return Selection(curve, alphas, curve(alphas), least, refine)


def bump(log_alpha):
    """Highest at alpha = 3, with tails on which nothing changes."""
    return 1.0 / (1.0 + (log_alpha - np.log(3.0)) ** 2)


@pytest.mark.parametrize(
    "alphas",
    [[0.1, 1.0, 10.0], [100.0, 1e-2, 1.0], [0.0, 1e3], [2.9, 3.1], [1e-9, 1e9]],
)
def test_refined_to_the_maximum(alphas):
    best = selection(bump, alphas).best()
    assert best.alpha == pytest.approx(3.0, rel=1e-7)
    assert best.score == pytest.approx(1.0, abs=1e-14)


def test_without_refinement_it_is_a_point_of_the_grid():
    best = selection(bump, [0.1, 1.0, 10.0], refine=False).best()
    assert (best.alpha, best.index) == (1.0, 1)
    assert best.score == bump(0.0)


@pytest.mark.parametrize("rising", [1.0, -1.0])
def test_at_an_end_of_the_grid_it_stays_there(rising):
    best = selection(lambda log_alpha: rising * log_alpha, [1.0, 10.0, 100.0]).best()
    assert best.alpha == (100.0 if rising > 0 else 1.0)


def test_alpha_zero_wins_where_less_is_better():
    best = selection(lambda log_alpha: -np.exp(log_alpha), [0.0, 1.0, 10.0]).best()
    assert (best.alpha, best.score, best.index) == (0.0, 0.0, 0)


def test_first_of_equal_scores_and_of_flat_curves():
    for refine in (False, True):
        best = selection(np.zeros_like, [1.0, 10.0, 100.0], refine=refine).best()
        assert best.alpha == 1.0


def test_one_standard_error():
    """Two folds 0.1 to either side: the error is 0.1, and so 1 - bump may be."""
    alphas = np.geomspace(0.1, 100.0, 31)
    crossing = 3.0 * np.exp(np.sqrt(1.0 / 0.9 - 1.0))
    refined = selection(bump, alphas).one_standard_error()
    assert refined.alpha == pytest.approx(crossing, rel=1e-9)
    assert refined.score == pytest.approx(0.9, abs=1e-12)
    coarse = selection(bump, alphas, refine=False).one_standard_error()
    enough = bump(np.log(alphas)).max() - 0.1
    assert coarse.alpha == alphas[bump(np.log(alphas)) >= enough].max()
    # Between two points of which neither is within an error of the best.
    sparse = selection(bump, [0.1, 100.0]).one_standard_error()
    assert sparse.alpha == pytest.approx(crossing, rel=1e-7)
    # Not beyond the grid.
    wide = selection(bump, alphas, error=5.0).one_standard_error()
    assert wide.alpha == 100.0


def test_scores_that_are_not_finite():
    def curve(log_alpha):
        return np.where(log_alpha < 0, np.nan, -log_alpha)

    best = selection(curve, [0.1, 1.0, 10.0], refine=False).best()
    assert best.alpha == 1.0
    with pytest.raises(ValueError, match="No alpha has a finite score"):
        selection(lambda log_alpha: log_alpha * np.nan, [0.1, 1.0]).best()


def test_quantities_are_chosen_apart():
    def curve(alphas):
        u = np.log(alphas)
        by_fold = np.stack([bump(u), bump(u - 1.0)], axis=1)[:, None]
        return Scores.of_folds(np.repeat(by_fold, 2, axis=1), np.zeros(2))

    alphas = np.geomspace(0.1, 100.0, 7)
    chosen = Selection(curve, alphas, curve(alphas), 1e-6, True)
    assert chosen.best(0).alpha == pytest.approx(3.0, rel=1e-7)
    assert chosen.best(1).alpha == pytest.approx(3.0 * np.e, rel=1e-7)


def test_results_are_laid_out_as_scikit_learn_has_them():
    by_fold = np.array([[[1.0], [3.0]], [[np.nan], [1.0]], [[2.0], [2.0]]])
    scores = Scores.of_folds(by_fold, np.array([0.3, 0.9]))
    table = results(np.array([0.1, 1.0, 10.0]), scores, np.array([3.0, 6.0]))
    np.testing.assert_array_equal(table["split1_test_score"], [3.0, 1.0, 2.0])
    np.testing.assert_array_equal(table["mean_test_score"], [2.0, np.nan, 2.0])
    np.testing.assert_array_equal(table["std_test_score"], [1.0, np.nan, 0.0])
    np.testing.assert_array_equal(table["rank_test_score"], [1, 3, 1])
    np.testing.assert_allclose(table["mean_fit_time"], 1.5)
    np.testing.assert_allclose(table["std_score_time"], 0.1)
    assert table["params"][2] == {"alpha": 10.0}
