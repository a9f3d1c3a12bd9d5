"""From a file that somebody dropped to the rows, splits and findings of a data set."""
