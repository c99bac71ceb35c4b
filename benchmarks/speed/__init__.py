"""The speed of scratch next to its peers on this machine: `make bench-speed`.

    __main__      main                 the command: `python -m benchmarks.speed`
    measure       measure              the whole comparison
    busy          measure_busy         next to a process that keeps a core busy
    turns         Turns                one model and optimizer: its processes, turn by turn
    cases         Case, weights        the models that are measured, and their first weights
    contestants   CONTESTANTS          who is measured, and where each is installed
    process       Worker               the parent's side of a contestant's process
    worker        main                 the other side; imports NumPy and one contestant's library
    peers/        Peer                 a file per library: the same training, in its own best form
    products      Peer                 the matrix products of a step alone, by NumPy's BLAS
    peak          build, measure       the processor's multiply-add peak, by peak.c
    table         summaries, text      medians and ratios from the rows
    peers.sh                           installs TensorFlow and JAX in environments of their own

Each contestant has a process of its own, in its own environment where it needs one. All stay
loaded and are timed round-robin, one at a time. Symbols as in `fashionlab.scratch`.
"""
