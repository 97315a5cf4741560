#!/usr/bin/env bash
# What can be known of the deployment files without a Docker engine.
# Wants .venv (make install), promtool (Debian: prometheus), npx (Debian: npm) and caddy (Debian: caddy).
set -euo pipefail
cd "$(dirname "$0")/.."
dclint=dclint@3.1.0
asyncapi=@asyncapi/parser@3.6.6

.venv/bin/hadolint deploy/Dockerfile
npx --yes "$dclint" --config deploy/dclint.json --max-warnings 0 docker-compose.yml
caddy fmt deploy/Caddyfile | diff deploy/Caddyfile -
# The document of the topics by the AsyncAPI project's own parser: no error and no warning.
parser=$(mktemp -d)
npm install --silent --no-save --no-audit --no-fund --prefix "$parser" "$asyncapi" >/dev/null
NODE_PATH="$parser/node_modules" node deploy/check_asyncapi.js docs/asyncapi.json
rm -rf "$parser"
promtool check config --lint=all --lint-fatal deploy/prometheus/prometheus.yml
promtool check rules --lint=all --lint-fatal deploy/prometheus/rules/*.yml
promtool test rules deploy/prometheus/tests/*.yml

# The step of the Dockerfile that can fail by what is in this checkout: a service, installed as its image installs it,
# has all that it imports.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for service in ingest scoring alerts console; do
    UV=.venv/bin/uv PYTHON=.venv/bin/python sh deploy/install.sh "$service" "$folder/$service"
    .venv/bin/uv pip check --quiet --python "$folder/$service/bin/python"
    # From elsewhere, so that nothing of the checkout is found.
    (cd "$folder" && "$service/bin/python" -m "$service" --help >/dev/null)
    echo "deploy/install.sh $service: installed by hash, and it starts"
done
