"""The page of one run: how good, how sure, where it fails, why, and what it was made of.

page         write_page, render
verdict      the sentence at the top, and the facts below it
confusion    the matrix whose cells open their images
samples      the most confident errors and the least confident hits
calibration  reliability diagram, errors and temperature
coverage     accuracy against coverage, outlier score, prediction sets
segments     images by brightness, contrast, covered area and class pair
robustness   accuracy under corruptions
explanation  maps, neighbours, kernels, the map of the test set
*.html.j2    a template for each section
"""
