"""The web page for the people who run it: static files, served to anybody; it calls the API with the reader's token."""
