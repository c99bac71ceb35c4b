"""CSV and TSV: a row an image.

    table    read, write, sniff   the form
    columns  find                 the header, and what each column is
    rows     read_rows            rows in blocks; errors with line and column
    window   lines_of, images_of  any rows of a large table, without those before them
    cells    split                text -> cells -> numbers, many at a time
    source   chunks               plain or gzip, some bytes at a time

Symbols: C columns, P of them pixels.
"""

from fashionlab.data.forms.tables.table import read, sniff, write

__all__ = ["read", "sniff", "write"]
