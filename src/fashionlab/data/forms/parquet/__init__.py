"""Parquet as Hugging Face writes it; by pyarrow, the extra `parquet`.

files    find, plan, read, write   the form
window   count, pictures           any rows of a file, without those before them
shards   shards                    the files of each part
columns  columns                   which column has the pictures, and which the labels
footer   check_footer              a file's own account of itself, before pyarrow believes it
thrift   Reader                    the encoding of that account
"""

from fashionlab.data.forms.parquet.files import facts, find, plan, read, write
from fashionlab.data.forms.parquet.shards import DEEPEST

__all__ = ["DEEPEST", "facts", "find", "plan", "read", "write"]
