"""One folder per Lambda; each handler is `functions.<name>.app.lambda_handler`."""
