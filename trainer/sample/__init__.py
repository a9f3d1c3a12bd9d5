"""The sample data set that comes with Coach."""
