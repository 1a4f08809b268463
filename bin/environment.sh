# Read by bin/run and bin/test: the virtual environment in .venv and what is installed in it.
# shellcheck shell=bash

# Set in many containers. Each process would then compile all that it imports: a second and more of a start.
unset PYTHONDONTWRITEBYTECODE

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# Prints the first Python that is new enough: $PYTHON if set, then the usual names.
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed (on Debian and Ubuntu: apt install python3 python3-venv)."
}

# Makes .venv where there is none, or where its Python is gone or too old.
make_venv() {
    if .venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        return
    fi
    local python
    python=$(find_python) || exit 1
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "Python's venv module is missing: install it (on Debian and Ubuntu: apt install python3-venv) and try again."
    echo "Making .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv || fail "making .venv failed: see above."
}

# install_requirements FILE...: installs the requirements in the last FILE at the versions of
# requirements.lock, unless the same files were installed before.
install_requirements() {
    local wanted=${*: -1} stamp hash
    stamp=.venv/installed-${wanted%.txt}
    hash=$(cat "$@" requirements.lock | cksum) || fail "requirements files cannot be read."
    if [ "$hash" = "$(cat "$stamp" 2>/dev/null)" ]; then
        return
    fi
    echo "Installing $wanted ..."
    # What is imported is compiled then: most of it never is.
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
        --requirement "$wanted" --constraint requirements.lock ||
        fail "installing $wanted failed: see above."
    echo "$hash" >"$stamp"
}
