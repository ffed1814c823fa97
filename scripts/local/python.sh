# Sourced by the scripts beside it: finds a Python that is new enough, or says how to get one.

find_python() {
    for candidate in python3 python3.11 python3.12 python3.13 python3.14 python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "earmark: Python 3.11 or newer is needed and was not found (Debian, Ubuntu: apt install python3 python3-venv)." >&2
    exit 1
}
