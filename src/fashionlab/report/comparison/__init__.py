"""The page about several runs: which recipe is better, by how much, and how sure that is.

compare      Comparison: groups, their differences to a reference, and what follows
groups       runs of one recipe and training data, by seed; whether runs can be compared
verdict      the sentence at the top, and pass or fail
pairs        a group next to the reference: recall by class, images that only one gets right
drawings     accuracies, accuracy by epoch, accuracy against seconds and parameters
page         write_comparison, render
*.html.j2    a template for each section
"""
