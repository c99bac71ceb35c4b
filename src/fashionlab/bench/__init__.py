"""What users measure on their machine: a CSV file with a row per training.

    accuracy   accuracy    the accuracy of a recipe over seeds; `fashionlab bench accuracy`
    record     record      seconds to an accuracy; `fashionlab bench record`
    race       run         one timed training of the record, in a process of its own
    results    write, add  the rows: what they have in common, and how they are written

The speed of scratch next to its peers, and all else that the documents show, is measured by
`benchmarks/` of a source checkout, which writes its rows through `results` too.
"""
