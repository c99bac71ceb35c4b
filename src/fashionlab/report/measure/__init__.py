"""What a page needs that a run did not store: measured once and kept."""
