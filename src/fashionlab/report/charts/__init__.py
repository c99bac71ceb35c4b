"""Drawings of a page: SVG that stands in the HTML, in the page's own colours, light or dark.

Matplotlib lays them out. `svg` turns its file into an element of the page: colours become the
variables of style.css.j2, and marks say their values to a pointer, a keyboard and a screen reader.

    svg        Chart, drawn; styled
    curves     loss, accuracy and learning rate by epoch
    coverage   accuracy against coverage, and the outlier score's receiver curves
    intervals  reliability diagram, accuracy of segments, differences between runs
    small_multiples   accuracy by strength for each corruption
    scatter    the map of the test set
    trials     the trials of a study: history, learning curves, accuracy against seconds
    space      the searched parameters: importance, parallel coordinates, accuracy by value
"""
