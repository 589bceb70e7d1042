#!/bin/sh
# Makes .venv with the first Python that is new enough and can make one (PYTHON=… chooses another).
set -u
umask 022

for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    "$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    # A half-made one is of no use: start anew.
    rm -rf .venv && "$python" -m venv .venv && exit 0
    rm -rf .venv
    echo "Holdfast: $python could not make a virtual environment in .venv." >&2
    exit 1
done
echo "Holdfast needs Python 3.11 or newer with its venv module (on Debian: apt-get install python3-venv)." >&2
exit 1
