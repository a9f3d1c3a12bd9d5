"""Answers to questions: the pairs, batches, hard negatives, ranking and threshold of a bi-encoder."""
