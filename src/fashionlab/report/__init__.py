"""One HTML page from finished run folders: it shows what the runs stored and never trains.

Here "report" is the page; the document that the project started from is the course report, `paper`.
Symbols: K classes, M sample images, H rows, W columns.

    page         write_page: the page, whole or not at all
    content      what the page shows of each run, and how runs are grouped into tables
    remarks      what a reader has to know: other data, other settings, use of the test set
    paper        the course report's results, and where it contradicts itself
    selective    what it shows of selective prediction
    plots        curves and confusion matrix, as SVG text
    selective_plots    accuracy against coverage, and receiver curves
    measure/     what a page needs that a run did not store, measured once and kept
    formatting   numbers, names and pictures as the page shows them
    page.html.j2, run.html.j2, selective.html.j2, style.css.j2    the template, its section about a
                 run, the part of it on selective prediction, its style
"""

from fashionlab.dependencies import give_matplotlib_a_home

give_matplotlib_a_home()  # before it is imported

from fashionlab.report.page import write_page  # noqa: E402

__all__ = ["write_page"]
