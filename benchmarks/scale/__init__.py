"""Many runs, many machines: speed and survival of studies, grids and batch labelling.

sweep   a study by two processes next to one
kills   studies whose driver, or whose nodes, are killed
"""
