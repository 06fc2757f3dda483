"""Long answers, page by page: accounts, what is open in them, what happened."""
