#!/bin/sh
# Builds the web application into api/web/dist.   usage: build.sh PYTHON
# Node 20.19 or newer from PATH is used; otherwise Node from PyPI is installed beside that Python.
set -eu
python=${1:?usage: build.sh PYTHON}
app=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
. "$app/node.sh"
cd "$app"
install_packages
node node_modules/vite/bin/vite.js build --logLevel warn
