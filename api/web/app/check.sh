#!/bin/sh
# Unit tests or lint of the web application.   usage: check.sh test|lint [PYTHON]
set -eu
what=${1:?usage: check.sh test|lint [PYTHON]}
python=${2:-python3}
app=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
. "$app/node.sh"
cd "$app"
install_packages
case $what in
  test) node node_modules/vitest/vitest.mjs run ;;
  lint)
    node node_modules/prettier/bin/prettier.cjs --check --log-level warn .
    node node_modules/eslint/bin/eslint.js . --max-warnings 0
    node node_modules/typescript/bin/tsc --noEmit
    ;;
  *)
    echo "usage: check.sh test|lint [PYTHON]" >&2
    exit 2
    ;;
esac
