"""From finished run folders to one HTML page to show: reads what runs stored, never trains.

Symbols: K classes, M sample images, H rows, W columns.

    page         write_page: the page, whole or not at all
    content      what the page says of each run, and the grouping of runs into tables
    remarks      what must be said unasked: other data, other settings, use of the test set
    reference    the course report's own figures, and where it contradicts itself
    plots        curves and confusion matrix, as SVG text
    formatting   numbers, names and pictures as the page prints them
    page.html.j2, run.html.j2, style.css.j2    the template, its section about a run, its style
"""

from fashionlab.report.page import write_page

__all__ = ["write_page"]
