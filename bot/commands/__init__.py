"""What people can ask for: a record for each verb, its words told by their annotations."""
