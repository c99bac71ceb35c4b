"""The page about a study of hyper-parameters: the best recipe, how sure that is, and what to do.

study        Study, Trial, Axis: what a page is made of
page         write_study_page, render
results      what follows from the trials: the best one, its interval, the ones within it
verdict      the sentence at the top, the cautions, and what to search next
dimensions   an axis of the searched space as a drawing has it, from 0 to 1
drawings     the drawings with their words
*.html.j2    a template for each section
"""

from fashionlab.report.study.page import write_study_page
from fashionlab.report.study.study import Axis, Study, Trial

__all__ = ["Axis", "Study", "Trial", "write_study_page"]
