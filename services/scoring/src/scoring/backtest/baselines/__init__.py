"""What a card is judged beside: scores that need no card, simple ones and learned ones. Higher is healthier."""
