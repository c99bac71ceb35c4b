"""Change files at random and see that nothing but the project's own errors comes of it."""
