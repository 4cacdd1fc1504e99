"""The quickest of scikit-learn's tests with ours in place; the others on demand."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("scikit_learn.py")


def test_transformed_targets_as_scikit_learn_tests_them():
    run = subprocess.run(
        [sys.executable, SCRIPT, "compose/test_target"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "of these with ours fitted" in run.stdout
