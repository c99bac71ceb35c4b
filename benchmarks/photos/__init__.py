"""Photos that no data set holds, and how fast a portable model answers.

pictures    accuracy on a hundred drawn photos, with and without preparation
garments    the drawn garments, from `clothes`, `shoes` and `canvas`
inference   milliseconds an image, images a second, seconds of `fashionlab predict`
"""
