#!/bin/sh
# Makes the environments of the peers of `make bench-speed` that need their own:
#
#     sh benchmarks/speed/peers.sh [FOLDER]      (default: .peers; about 3 GB)
#
# An environment that is complete is left as it is.
set -eu
folder=${1:-.peers}
python=${PYTHON:-python3}

make() { # NAME PACKAGE...
    name=$1
    shift
    if [ -e "$folder/$name/ready" ]; then return; fi
    "$python" -m venv "$folder/$name"
    "$folder/$name/bin/pip" install --quiet numpy==2.4.6 keras==3.15.1 "$@"
    touch "$folder/$name/ready"
}

make tensorflow tensorflow==2.21.0
make jax jax==0.10.2
