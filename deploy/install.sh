#!/bin/sh
# A service and what it needs, in a virtualenv of its own: install.sh SERVICE FOLDER, from the root of the checkout.
# Every file that comes from elsewhere must be one that requirements.lock names; so must what builds our own wheels.
set -eu
service=${1:?which service: ingest, scoring, alerts or console}
folder=${2:?which folder}
uv=${UV:-uv}

wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
for member in libs/* "services/$service"; do
    "$uv" build --quiet --wheel --python "${PYTHON:-python3}" --no-python-downloads --out-dir "$wheels" \
        --require-hashes --build-constraints requirements.lock "$member"
done
# With --require-hashes our own wheels need a hash as well; the lock is a constraint, so that only what they need
# of it is installed.
for wheel in "$wheels"/*.whl; do
    printf '%s --hash=sha256:%s\n' "$wheel" "$(sha256sum "$wheel" | cut -d ' ' -f 1)"
done >"$wheels/members.txt"
"$uv" venv --quiet --python "${PYTHON:-python3}" --no-python-downloads "$folder"
"$uv" pip install --quiet --compile-bytecode --python "$folder/bin/python" \
    --require-hashes --constraint requirements.lock --requirement "$wheels/members.txt"
