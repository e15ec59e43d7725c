#!/usr/bin/env bash
# Print the first Python that can make the environment: 3.11 (the tested one), then 3.12, 3.13, then any newer python3.
set -u
for name in ${PYTHON:-} python3.11 python3.12 python3.13 python3 python; do
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        command -v "$name"
        exit 0
    fi
done
cat >&2 <<'TEXT'
No suitable Python found. The book needs Python 3.11 or newer with the venv and ensurepip modules.
  Debian, Ubuntu:  apt-get install python3 python3-venv
  macOS:           brew install python@3.11
  conda, mamba:    use environment.yml instead of make
Or name one yourself:  make book PYTHON=/path/to/python3.11
TEXT
exit 1
