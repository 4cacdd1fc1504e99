"""Settings of all tests, and what a run of them must not hide.

A test file that cannot be imported is an error, and so is a doctest's module. With
``--allowed-skips FILE``, a skip that the file does not list fails the run.
"""

from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

# The modules of the extra cannot be imported without it, nor their doctests collected.
collect_ignore = [] if find_spec("dask") else ["sklearn_gml/dask"]

# How fast the machine is, is not a law. The ordinary run draws the same examples every
# time; with --hypothesis-profile=explore it draws others, and more of them.
settings.register_profile("laws", deadline=None, derandomize=True)
settings.register_profile(
    "explore", deadline=None, derandomize=False, max_examples=1000, print_blob=True
)
settings.load_profile("laws")


def pytest_addoption(parser):
    parser.addoption(
        "--allowed-skips",
        type=Path,
        metavar="FILE",
        help="fail if a test is skipped that FILE does not list",
    )


def pytest_configure(config):
    file = config.getoption("--allowed-skips")
    # Processes of pytest-xdist report to the one that started them.
    if file is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipsOf(file), "allowed-skips")


class SkipsOf:
    """Counts as a failure every skip that the file does not list.

    A line of the file is ``tests | message | reason``: shell patterns for the node and
    for what pytest says of the skip, and why the test may be skipped.
    """

    def __init__(self, file):
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
        entries = [line.split(" | ") for line in lines if line and line[0] != "#"]
        for entry in entries:
            if len(entry) != 3 or not all(map(str.strip, entry)):
                raise pytest.UsageError(
                    f"{file}: {' | '.join(entry)!r} is not 'tests | message | reason'."
                )
        self.file = file
        self.allowed = [(node.strip(), said.strip()) for node, said, _ in entries]
        self.found = {}

    def pytest_runtest_logreport(self, report):
        if report.skipped and not hasattr(report, "wasxfail"):
            self._note(report)

    def pytest_collectreport(self, report):
        if report.skipped:
            self._note(report)

    def _note(self, report):
        message = report.longrepr[2].removeprefix("Skipped: ")
        if not any(
            fnmatchcase(report.nodeid, node) and fnmatchcase(message, said)
            for node, said in self.allowed
        ):
            self.found[report.nodeid] = message

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        if not self.found:
            return
        terminalreporter.section(f"skips that {self.file} does not list", red=True)
        for node, message in self.found.items():
            terminalreporter.line(f"{node}: {message}")
