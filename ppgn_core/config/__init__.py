"""From words to a config: what a command line or a caller says, composed, checked and put in one piece."""
