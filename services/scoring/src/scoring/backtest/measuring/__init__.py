"""What scores and alerts were worth, counted against what became of the accounts. Arrays in, figures out."""
