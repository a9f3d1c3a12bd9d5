"""What /train does."""
