"""Measuring: what is fast, against whom, on this machine.

    speed         speed                the whole comparison; `fashionlab bench speed`
    cases         Case, weights        the models that are measured, and their first weights
    contestants   CONTESTANTS          who is measured, and where each is installed
    process       Worker               the parent's side of a contestant's process
    worker        main                 the other side; imports NumPy and that contestant alone
    peers/        Peer                 a file per library: the same training, in its own best form
    products      Peer                 the matrix products of a step, bare: the floor
    table         summaries, text      medians and ratios from the rows

A contestant has a process of its own, in its own environment where it needs one; all stay loaded
and are asked in turn, while the others wait. Symbols as in `fashionlab.scratch`.
"""
