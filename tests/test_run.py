"""What a run of the tests must not hide: broken files, and skips without a reason."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ORDINARY = "def test_ordinary():\n    assert True\n"
SKIPPED = "import pytest\n\ndef test_skipped():\n    pytest.skip('no camera')\n"
MODULE_SKIPPED = "import pytest\n\npytest.importorskip('nowhere_to_be_found')\n"
DRAWN = """
from hypothesis import given, strategies

@given(number=strategies.integers())
def test_drawn(number):
    with open({log!r}, "a") as file:
        print(number, file=file)
"""


@pytest.fixture
def run(tmp_path):
    """pytest with this project's settings over files of another directory."""
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "tests").mkdir()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "COVERAGE_PROCESS_"))
    }

    def run(files, *arguments):
        for name, text in files.items():
            (tmp_path / "tests" / name).write_text(text, "utf-8")
        # Filters of warnings import the package, which is most of the time of a run.
        options = ["-p", "no:cacheprovider", "--override-ini", "filterwarnings="]
        return subprocess.run(
            [sys.executable, "-m", "pytest", *options, *arguments, "tests"],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.parametrize("workers", [[], ["-n", "1"]])
def test_a_file_that_cannot_be_imported_fails_the_run(run, workers):
    files = {
        "test_ordinary.py": ORDINARY,
        "test_nowhere.py": "import nowhere_to_be_found\n" + ORDINARY,
        "test_no_module.py": "import json.nowhere\n" + ORDINARY,
        "test_no_name.py": "from json import nowhere\n" + ORDINARY,
        "test_no_syntax.py": "1 +\n" + ORDINARY,
    }
    finished = run(files, *workers)
    assert finished.returncode not in (0, pytest.ExitCode.NO_TESTS_COLLECTED)
    for name in list(files)[1:]:
        assert f"ERROR tests/{name}" in finished.stdout


@pytest.mark.parametrize("workers", [[], ["-n", "1"]])
def test_a_skip_that_is_not_listed_fails_the_run(run, tmp_path, workers):
    allowed = tmp_path / "allowed.txt"
    option = ["--allowed-skips", str(allowed), *workers]
    files = {
        "test_ordinary.py": ORDINARY,
        "test_one.py": SKIPPED,
        "test_whole.py": MODULE_SKIPPED,
    }
    of_one = "tests/test_one.py::test_skipped | no camera | machines have none\n"
    of_whole = "tests/test_whole.py | could not import * | of an extra\n"

    allowed.write_text("# All of them.\n\n" + of_one + of_whole)
    finished = run(files, *option)
    assert finished.returncode == 0, finished.stdout
    for line, missing in ((of_one, "test_whole.py"), (of_whole, "test_one.py")):
        allowed.write_text(line)
        finished = run({}, *option)
        assert finished.returncode == 1, finished.stdout
        assert f"tests/{missing}" in finished.stdout.partition("does not list")[2]
    # Another skip of the same test is another matter.
    allowed.write_text(of_one.replace("camera", "light") + of_whole)
    assert run({}, *option).returncode == 1


def test_a_skip_is_listed_with_its_reason(run, tmp_path):
    allowed = tmp_path / "allowed.txt"
    allowed.write_text("tests/test_ordinary.py | anything |\n")
    finished = run(
        {"test_ordinary.py": ORDINARY}, "--allowed-skips", allowed.as_posix()
    )
    assert finished.returncode == pytest.ExitCode.USAGE_ERROR
    assert "is not 'tests | message | reason'" in finished.stderr


def test_generated_examples_are_the_same_in_every_run(run, tmp_path):
    def drawn(*arguments):
        log = tmp_path / "numbers"
        log.unlink(missing_ok=True)
        finished = run({"test_drawn.py": DRAWN.format(log=str(log))}, *arguments)
        assert finished.returncode == 0, finished.stdout
        return log.read_text().split()

    ordinary = drawn()
    assert drawn() == ordinary
    exploring = drawn("--hypothesis-profile=explore")
    assert exploring[: len(ordinary)] != ordinary
    assert len(exploring) >= 1000
