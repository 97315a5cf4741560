#!/bin/sh
# The compiled form of the scoring core, into the virtualenv that install.sh made: compile.sh FOLDER, from the root of
# the checkout. Needs a C compiler. What compiles comes by hash like everything else, and does not stay.
set -eu
folder=${1:?which virtualenv}
uv=${UV:-uv}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
grep -E -o '^(mypy|setuptools)==[^ ]+' requirements.lock >"$work/tools.txt"
"$uv" pip install --quiet --python "$folder/bin/python" --target "$work/tools" \
    --require-hashes --constraint requirements.lock --requirement "$work/tools.txt"
PYTHONPATH="$work/tools" "$folder/bin/python" services/scoring/compile.py --into "$work/compiled"
# The sources are installed already; copied again they would have another time, and lose their byte code.
packages=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
(cd "$work/compiled" && find . -name '*.so' -exec cp --parents {} "$packages" \;)
"$folder/bin/python" -I -c 'import sys; from scoring.core_form import core_form; sys.exit(core_form() != "compiled")'
