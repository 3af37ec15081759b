"""What the functions of the management API share: routes and errors, the caller, parameters, pages, dates, links."""
