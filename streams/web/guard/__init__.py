"""Who may come in, and how far: the guard before the application, tokens, and the login."""
