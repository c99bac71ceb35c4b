def sniff(head):
    return False


def read(path, options):
    raise NotImplementedError
