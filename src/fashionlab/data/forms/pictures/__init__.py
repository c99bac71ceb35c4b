"""Folders of pictures: one folder a class.

folder  find, plan, read, file_names, write   the form
pixels  blocks, png                           pictures of any size -> images of one shape; and back
names   escaped                               a class as a folder's name, on any system
"""

from fashionlab.data.forms.pictures.folder import facts, file_names, find, plan, read, write

__all__ = ["facts", "file_names", "find", "plan", "read", "write"]
