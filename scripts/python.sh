#!/bin/sh
# Print a Python the project can use (3.11 or newer), or say how to get one.
for name in ${PYTHON:-python3} python3.13 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$name"
        exit 0
    fi
done
echo "✗ 需要 Python 3.11 或更新，本机没有。" >&2
echo "  办法：Debian 12、Ubuntu 24.04 及以上：sudo apt-get install python3 python3-venv，然后重试。" >&2
echo false
