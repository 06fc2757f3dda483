"""What the market does to what is there: orders and exits that fill, follow, wait and end."""
