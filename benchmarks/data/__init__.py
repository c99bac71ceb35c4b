"""How fast forms of data are read, and with how much memory."""
