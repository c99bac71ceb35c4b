"""One HTML page from finished run folders: it shows what the runs stored and never trains.

Here "report" is the page; the document that the project started from is the course report, `paper`.
Symbols: N test images, K classes, M shown images, H rows, W columns.

    run          the page of one run
    comparison   the page about several runs
    study        the page about a study of hyper-parameters
    measure      what a page needs that a run did not store: measured once and kept
    card         the model card of a run
    audit        the page of suspects, on which a person decides
    check        the page about a checked data set
    charts       drawings, as SVG
    pictures     all pictures of a page in one image
    view         the facts of a run, read from its folder
    remarks      what a reader has to know: other data, other settings, use of the test set
    paper        the course report's results, and where it contradicts itself
    formatting   numbers and names as pages show them
    html         templates, and files that are written whole or not at all
    *.j2, *.js   templates, style and script that pages share
"""

from fashionlab.dependencies import give_matplotlib_a_home

give_matplotlib_a_home()  # before it is imported

from fashionlab.report.card import write_card  # noqa: E402
from fashionlab.report.comparison.compare import Comparison, compare  # noqa: E402
from fashionlab.report.comparison.page import write_comparison  # noqa: E402
from fashionlab.report.run.page import write_page  # noqa: E402

__all__ = ["Comparison", "compare", "write_card", "write_comparison", "write_page"]
