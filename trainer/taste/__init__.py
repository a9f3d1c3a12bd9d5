"""What people will choose next: clicks, the order of items that they tell, how well it foretells."""
