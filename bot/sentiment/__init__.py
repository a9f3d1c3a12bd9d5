"""What /sentiment does."""
