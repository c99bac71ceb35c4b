"""Folders of pictures: one folder a class.

folder  find, plan, read, names, write   the form
pixels  blocks, png               pictures of any size -> images of one shape; and back
names   escaped                   a class as a folder's name, on any system
"""

from fashionlab.data.forms.pictures.folder import facts, find, names, plan, read, write

__all__ = ["facts", "find", "names", "plan", "read", "write"]
