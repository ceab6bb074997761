"""What is installed, and what each component asks for, as data."""
