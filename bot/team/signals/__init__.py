"""What somebody owes or may want to know: each a pure function of the facts, one file a signal."""
