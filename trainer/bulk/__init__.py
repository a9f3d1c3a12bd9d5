"""Classify the rows of a file: read, classify in chunks that outlive an attempt, write, sum up."""
