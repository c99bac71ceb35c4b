"""How well a model's outlier score tells pictures that are no garments.

measure     false acceptance and area under the receiver curve: results/outliers.csv
sets        the pictures, on which nothing is trained and nothing is chosen
fonts       symbols, icons and emoji of Debian's fonts, drawn as images
garments    which glyphs show a garment and are left out
sheet       a sheet of the sets, with what the model accepts marked
"""
