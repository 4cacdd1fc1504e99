# shellcheck shell=bash
# Environments of the parts. One that several parts use is made by the first of them.
set -euo pipefail

# environment NAME [pip install arguments]: sets $python to its interpreter.
environment() {
    local home="$CI_WORK/$1"
    python="$home/bin/python"
    shift
    [ ! -e "$home/made" ] || return 0
    rm -rf "$home"
    python3 -m venv "$home"
    if [ $# -gt 0 ]; then "$python" -m pip install -qq "$@"; fi
    touch "$home/made"
}

# The newest of everything, with the package as it lies here.
current() {
    environment current --editable ".[dev]"
    # For the weekly run: numpy, scipy and scikit-learn of the day, with the options by
    # which pip finds them.
    if [ -n "${CI_NIGHTLY:-}" ] && [ ! -e "$CI_WORK/current/nightly" ]; then
        read -ra nightly <<< "$CI_NIGHTLY"
        "$python" -m pip install --upgrade --pre "${nightly[@]}"
        touch "$CI_WORK/current/nightly"
    fi
}

# The lower bounds of pyproject.toml.
oldest() {
    environment oldest --editable ".[test]" --constraint .ci/oldest.txt
}
