def read(path, options):
    raise NotImplementedError


def class_names(path):
    return None
