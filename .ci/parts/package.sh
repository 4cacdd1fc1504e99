#!/usr/bin/env bash
# What would be released: the wheel, tested from outside the checkout by the tests that
# the sdist carries.
source .ci/environments.sh
dist="$CI_WORK/dist"
environment build build twine
"$python" -m build --outdir "$dist" . > "$CI_WORK/build.log" || {
    cat "$CI_WORK/build.log"
    exit 1
}
"$python" -m twine check --strict "$dist"/*

environment empty "$dist"/*.whl
cp benchmarks/import_time.py "$CI_WORK"
cd "$CI_WORK"
"$python" import_time.py

"$python" -m pip install -qq "$(echo "$dist"/*.whl)[test]"
mkdir sdist
tar --extract --gzip --file "$dist"/*.tar.gz --directory sdist --strip-components 1
cd sdist
# What is tested is what was installed.
rm -r sklearn_gml
"$python" -m pytest -q -n 2 --allowed-skips tests/allowed_skips.txt tests
